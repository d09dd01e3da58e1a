// One column of a comparison: a small map and the bars below it. Functions here draw; they keep nothing.

const MAP_EDGE = 6

/** Where codes stand on a small map: one scale for both axes, the same in all columns. */
function smallScale(box, width, height) {
  const area = { left: MAP_EDGE, top: MAP_EDGE, right: width - MAP_EDGE, bottom: height - MAP_EDGE }
  const unit = Math.min((area.right - area.left) / (box[1] - box[0]), (area.bottom - area.top) / (box[3] - box[2] || 1))
  const x0 = width / 2 - (unit * (box[0] + box[1])) / 2
  const y0 = height / 2 + (unit * (box[2] + box[3])) / 2
  return { area, unit, x: (value) => x0 + unit * value, y: (value) => y0 - unit * value }
}

function drawSmallAxes(context, scale, ink, prior, flat) {
  const { area } = scale
  context.save()
  context.strokeStyle = ink.text
  context.globalAlpha = 0.2
  lineAt(context, scale.x(0), area.top, scale.x(0), area.bottom)
  if (!flat) lineAt(context, area.left, scale.y(0), area.right, scale.y(0))
  if (prior) drawPrior(context, scale, flat)
  context.restore()
}

function drawMark(context, x, y, ink) {
  context.save()
  for (const [style, width] of [[ink.paper, 4], [ink.text, 1.75]]) {
    context.strokeStyle = style
    context.lineWidth = width
    context.beginPath()
    context.arc(x, y, 6, 0, 2 * Math.PI)
    context.stroke()
  }
  context.restore()
}

/** KL of each dimension; `most` is the same for all columns. */
function drawSmallKl(context, width, height, kl, active, most, ink) {
  const [top, bottom] = [16, height - 2]
  const step = width / kl.length
  const wide = Math.max(1, Math.min(24, step * 0.72))
  context.font = ink.letters(11)
  context.fillStyle = ink.text
  context.textBaseline = "alphabetic"
  context.globalAlpha = 0.75
  context.fillText(activeText(active), 0, 11)
  kl.forEach((nats, index) => {
    const off = !active[index]
    const tall = Math.max(2, (Math.min(nats, most) / most) * (bottom - top))
    context.fillStyle = off ? ink.text : ink.accent
    context.globalAlpha = off ? 0.3 : 0.9
    context.fillRect((index + 0.5) * step - wide / 2, bottom - tall, wide, tall)
  })
  context.globalAlpha = 1
}

/** Where a column stands at a step: two of its frames and the way between them. */
function atStep(steps, step) {
  let index = 0
  while (index + 1 < steps.length && steps[index + 1] <= step) index++
  const next = Math.min(index + 1, steps.length - 1)
  const gap = steps[next] - steps[index]
  return { index, next, share: gap > 0 ? Math.max(0, Math.min(1, (step - steps[index]) / gap)) : 0 }
}

/** The steps of all columns, each once, in order. */
function timelineOf(columns) {
  return [...new Set(columns.flatMap((column) => column.steps))].sort((a, b) => a - b)
}
