// What lies on top of the points: where z stands, the pointer, the nearest image, a posterior, a direction.

/** Draws in the text's colour with a seam of paper below, to be seen on points and on pictures. */
function seamedLine(context, ink, colour, width, draw) {
  context.lineCap = "round"
  for (const [stroke, wide] of [
    [ink.paper, width + 2.5],
    [colour, width],
  ]) {
    context.beginPath()
    draw()
    context.strokeStyle = stroke
    context.lineWidth = wide
    context.stroke()
  }
}

/** z: a ring with four marks around it, and thin lines to the axes. */
function drawCross(context, area, x, y, ink) {
  context.save()
  context.globalAlpha = 0.5
  context.setLineDash([2, 4])
  context.lineWidth = 1
  context.strokeStyle = ink.accent
  lineAt(context, x, area.bottom, x, y)
  lineAt(context, area.left, y, x, y)
  context.restore()
  seamedLine(context, ink, ink.accent, 2.5, () => {
    context.arc(x, y, 6, 0, 2 * Math.PI)
    for (const [across, down] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 6 * across, y + 6 * down)
      context.lineTo(x + 11 * across, y + 11 * down)
    }
  })
}

/** The pointer's place, and a thread to the image that is nearest to it. */
function drawCursor(context, cursor, nearest, ink) {
  if (nearest) {
    seamedLine(context, ink, ink.text, 1.25, () => {
      context.moveTo(cursor.x, cursor.y)
      context.lineTo(nearest.x, nearest.y)
    })
    drawRing(context, nearest, ink)
  }
  seamedLine(context, ink, ink.text, 1.75, () => {
    context.moveTo(cursor.x - 6, cursor.y)
    context.lineTo(cursor.x + 6, cursor.y)
    context.moveTo(cursor.x, cursor.y - 6)
    context.lineTo(cursor.x, cursor.y + 6)
  })
}

function drawRing(context, { x, y }, ink) {
  seamedLine(context, ink, ink.text, 1.75, () => context.arc(x, y, 6.5, 0, 2 * Math.PI))
}

/** A posterior at one and two standard deviations. */
function drawEllipse(context, scale, [mean, std], ink) {
  const [x, y] = [scale.x(mean[0]), scale.y(mean[1])]
  context.save()
  for (const times of [1, 2]) {
    const radii = std.map((value) => Math.max(1, times * value * scale.unit))
    context.setLineDash(times === 1 ? [] : [5, 4])
    seamedLine(context, ink, ink.accent, 1.75, () => context.ellipse(x, y, ...radii, 0, 0, 2 * Math.PI))
    context.globalAlpha = 0.12
    context.fillStyle = ink.accent
    context.fill()
    context.globalAlpha = 1
  }
  context.restore()
}

function drawArrow(context, from, to, ink) {
  const long = Math.hypot(to.x - from.x, to.y - from.y)
  if (long < 2) return
  const turn = Math.atan2(to.y - from.y, to.x - from.x)
  const head = Math.min(10, long / 2)
  seamedLine(context, ink, ink.accent, 3, () => {
    context.moveTo(from.x, from.y)
    context.lineTo(to.x, to.y)
    for (const side of [-0.5, 0.5]) {
      context.moveTo(to.x - head * Math.cos(turn + side), to.y - head * Math.sin(turn + side))
      context.lineTo(to.x, to.y)
    }
  })
}

/** How dense the points are: soft discs one over the other, so that bays without points stay paper. */
function drawDensity(context, places, { left, right, top, bottom }, ink) {
  const radius = Math.max(10, Math.min(right - left, bottom - top) / 14)
  context.save()
  context.fillStyle = ink.accent
  for (const [share, alpha] of [[1, 0.012], [0.6, 0.02], [0.3, 0.035]]) {
    context.globalAlpha = alpha * Math.min(1, 2000 / places.length)
    for (let at = 0; at < places.length; at += 2) {
      context.beginPath()
      context.arc(places[at], places[at + 1], share * radius, 0, 2 * Math.PI)
      context.fill()
    }
  }
  context.restore()
}
