// What a chart's panel shows. Functions here draw; they keep nothing but the places that a pointer can ask about.

const MARK_LINE = 15
const BAR_SHARE = 0.8
const BIN_ALPHA = 0.6
const DOT = 4.5
const GRIP = 7

/** Scale of a panel: upright marks and the handle have their names above the plot, a line each. */
function panelScale({ x, y }, lines, width, height) {
  const area = { left: 58, top: 8 + MARK_LINE * lines, right: width - 14, bottom: height - 38 }
  const [across, up] = [axisOf(x.ends, x.log, area.left, area.right), axisOf(y.ends, y.log, area.bottom, area.top)]
  return { area, x: across.at, y: up.at, value: across.value }
}

function ticksOfPanel({ x, y, series, frames }, { area }) {
  const [across, up] = [area.right - area.left, area.bottom - area.top]
  const counted = [...series, ...frames.flatMap((frame) => frame.series)].find(({ kind }) => kind === "bars")
  const along = ({ ends, log, percent }, room, each) =>
    log ? bentTicks(ends, log, room, each / 2) : straightTicks(ends, room, each, percent)
  const whole = counted?.x.map((value) => ({ value, text: String(value) }))
  return { x: whole ?? along(x, across, 70), y: along(y, up, 44) }
}

/** All series of a panel at one stop, and what a pointer can find: places with their words. */
function drawPanelSeries(context, panel, frame, scale, stop, ink) {
  const found = []
  const { left, top, right, bottom } = scale.area
  context.save()
  context.beginPath()
  context.rect(left - DOT, top - DOT, right - left + 2 * DOT, bottom - top + 2 * DOT)
  context.clip()
  const shown = [...panel.series, ...(frame?.series ?? [])]
  const barred = shown.filter(({ kind }) => kind === "bars").map(({ name }) => name)
  for (const one of shown) {
    const look = panel.looks[one.name]
    if (one.kind === "bins") drawBins(context, one, look, scale, found)
    else if (one.kind === "bars") drawBars(context, one, look, scale, barred, found)
    else if (one.kind === "dots") one.x.forEach((x, at) => drawDot(context, one, x, one.y[at], look, scale, ink, found))
    else drawLine(context, one, look, scale, found)
  }
  for (const one of panel.follows) {
    drawDot(context, one, one.x[stop], one.y[stop], panel.looks[one.name], scale, ink, found, 1.5)
  }
  context.restore()
  return found
}

function drawLine(context, { name, kind, x, y }, [colour, dashes], scale, found) {
  context.strokeStyle = colour
  context.globalAlpha = 1
  context.lineWidth = 2.5
  context.lineJoin = "round"
  context.setLineDash(dashes)
  context.beginPath()
  x.forEach((value, at) => {
    const [across, down] = [scale.x(value), scale.y(y[at])]
    if (kind === "steps" && at) context.lineTo(across, scale.y(y[at - 1]))
    if (at) context.lineTo(across, down)
    else context.moveTo(across, down)
    found.push({ across, down, name, x: value, y: y[at] })
  })
  context.stroke()
  context.setLineDash([])
}

function drawDot(context, { name }, x, y, [colour], scale, ink, found, larger = 1) {
  const [across, down] = [scale.x(x), scale.y(y)]
  context.globalAlpha = 1
  context.beginPath()
  context.arc(across, down, DOT * larger, 0, 2 * Math.PI)
  context.fillStyle = colour
  context.fill()
  context.strokeStyle = larger > 1 ? ink.text : ink.paper
  context.lineWidth = larger > 1 ? 2 : 1
  context.stroke()
  found.push({ across, down, name, x, y })
}

function drawBars(context, { name, x, y }, [colour], scale, barred, found) {
  const slot = (scale.x(2) - scale.x(1)) * BAR_SHARE
  const wide = slot / barred.length
  context.globalAlpha = 1
  context.fillStyle = colour
  x.forEach((value, at) => {
    const left = scale.x(value) - slot / 2 + wide * barred.indexOf(name)
    const top = scale.y(y[at])
    context.fillRect(left, top, Math.max(1, wide - 1), scale.area.bottom - top)
    found.push({ across: left + wide / 2, down: top, name, x: value, y: y[at] })
  })
}

function drawBins(context, { name, x, y }, [colour], scale, found) {
  context.globalAlpha = BIN_ALPHA
  context.fillStyle = colour
  y.forEach((share, at) => {
    if (!share) return
    const [left, right, top] = [scale.x(x[at]), scale.x(x[at + 1]), scale.y(share)]
    context.fillRect(left, top, Math.max(1, right - left), scale.area.bottom - top)
    found.push({ across: (left + right) / 2, down: top, name, x: (x[at] + x[at + 1]) / 2, y: share })
  })
}

/** A name above the plot, at the place of its line, never cut at the panel's ends. */
function drawMarkName(context, text, x, line, width, ink) {
  const half = context.measureText(text).width / 2
  seamed(context, text, Math.max(half, Math.min(width - half, x)), MARK_LINE * (line + 0.5), ink)
}

function drawMarks(context, marks, scale, width, ink) {
  context.font = ink.letters(12)
  context.strokeStyle = ink.text
  context.lineWidth = 1.5
  context.globalAlpha = 0.6
  context.setLineDash([5, 4])
  const places = Object.values(marks).map(scale.x)
  places.forEach((x, line) => lineAt(context, x, MARK_LINE * (line + 1) + 2, x, scale.area.bottom))
  context.setLineDash([])
  context.globalAlpha = 1
  Object.keys(marks).forEach((name, line) => drawMarkName(context, name, places[line], line, width, ink))
}

/** The line that is dragged, with a grip between its name and the plot. */
function drawHandle(context, { name, stops, texts }, stop, line, scale, width, ink) {
  const x = scale.x(stops[stop])
  context.font = ink.letters(13, 600)
  context.globalAlpha = 1
  drawMarkName(context, `${name} = ${texts[stop]}`, x, line, width, ink)
  context.strokeStyle = context.fillStyle = ink.accent
  context.lineWidth = 2
  lineAt(context, x, MARK_LINE * (line + 1) + 2, x, scale.area.bottom)
  context.beginPath()
  context.arc(x, MARK_LINE * (line + 1) + GRIP + 1, GRIP, 0, 2 * Math.PI)
  context.fill()
  context.strokeStyle = ink.paper
  context.stroke()
}
