// A plot's panel: lines, steps, dots, bars and histograms on two axes, upright marks, and a handle that is dragged.
// `vae_core/viz/plot.py` describes the data. Functions here draw and keep nothing.

import { axisOf, linearTicks, logTicks } from "./axes.js"
import { clipped, lineAt, outlinedText } from "./canvas.js"
import { clamp } from "./numbers.js"

const MARK_LINE = 15
const BAR_SHARE = 0.8
const BIN_ALPHA = 0.6
const LINE = 2.5
const DOT = 4.5
const GRIP = 7
const REACH = 16

/** The scales of a panel; the names of `lines` marks are stacked above the plot. */
export function plotScale({ x, y }, lines, width, height) {
  const area = { left: 58, top: 8 + MARK_LINE * lines, right: width - 14, bottom: height - 38 }
  const [across, up] = [axisOf(x.ends, x.log, area.left, area.right), axisOf(y.ends, y.log, area.bottom, area.top)]
  return { area, x: across.at, y: up.at, value: across.value }
}

export function plotTicks({ x, y, series, frames }, { area }) {
  const [across, up] = [area.right - area.left, area.bottom - area.top]
  const counted = [...series, ...frames.flatMap((frame) => frame.series)].find(({ kind }) => kind === "bars")
  const along = ({ ends, log, percent }, room, gap) =>
    log ? logTicks(ends, log, room, gap / 2) : linearTicks(ends, room, gap, percent)
  const whole = counted?.x.map((value) => ({ value, text: String(value) }))
  return { x: whole ?? along(x, across, 70), y: along(y, up, 44) }
}

/** Draws all series of a panel at one stop; returns the points that the pointer can identify. */
export function drawSeries(context, panel, frame, scale, stop, theme) {
  const points = []
  const { left, top, right, bottom } = scale.area
  clipped(context, { left: left - DOT, top: top - DOT, right: right + DOT, bottom: bottom + DOT }, () => {
    const all = [...panel.series, ...(frame?.series ?? [])]
    const barNames = all.filter(({ kind }) => kind === "bars").map(({ name }) => name)
    for (const series of all) {
      const look = lookOf(panel, series.name, theme)
      if (series.kind === "bins") drawBins(context, series, look, scale, points)
      else if (series.kind === "bars") drawBars(context, series, look, scale, barNames, points)
      else if (series.kind === "dots") {
        for (const at of series.x.keys()) drawDot(context, series, at, look, scale, theme, points)
      } else drawLine(context, series, look, scale, points)
    }
    for (const series of panel.follows) {
      drawDot(context, series, stop, lookOf(panel, series.name, theme), scale, theme, points, 1.5)
    }
  })
  return points
}

/** Colour and dashes of a name; a null colour means the text colour. */
function lookOf({ looks }, name, theme) {
  const [colour, dashes] = looks[name]
  return [colour ?? theme.text, dashes]
}

/** The point nearest to a pixel, at most `REACH` pixels away; null if there is none. */
export function pointNear(points, x, y) {
  let [nearest, least] = [null, REACH]
  for (const point of points) {
    const distance = Math.hypot(point.across - x, point.down - y)
    if (distance < least) [nearest, least] = [point, distance]
  }
  return nearest
}

function drawLine(context, { name, kind, x, y, size, texts }, [colour, dashes], scale, points) {
  context.strokeStyle = colour
  context.globalAlpha = 1
  context.lineWidth = size ?? LINE
  context.lineJoin = "round"
  context.setLineDash(dashes)
  context.beginPath()
  x.forEach((value, at) => {
    const [across, down] = [scale.x(value), scale.y(y[at])]
    if (kind === "steps" && at) context.lineTo(across, scale.y(y[at - 1]))
    if (at) context.lineTo(across, down)
    else context.moveTo(across, down)
    points.push({ across, down, name: texts[at] ?? name, x: value, y: y[at] })
  })
  context.stroke()
  context.setLineDash([])
}

function drawDot(context, { name, x, y, size, texts }, at, [colour], scale, theme, points, larger = 1) {
  const [across, down] = [scale.x(x[at]), scale.y(y[at])]
  context.globalAlpha = 1
  context.beginPath()
  context.arc(across, down, (size ?? DOT) * larger, 0, 2 * Math.PI)
  context.fillStyle = colour
  context.fill()
  context.strokeStyle = larger > 1 ? theme.text : theme.paper
  context.lineWidth = larger > 1 ? 2 : 1
  context.stroke()
  points.push({ across, down, name: texts[at] ?? name, x: x[at], y: y[at] })
}

function drawBars(context, { name, x, y }, [colour], scale, barNames, points) {
  const slot = (scale.x(2) - scale.x(1)) * BAR_SHARE
  const wide = slot / barNames.length
  context.globalAlpha = 1
  context.fillStyle = colour
  x.forEach((value, at) => {
    const left = scale.x(value) - slot / 2 + wide * barNames.indexOf(name)
    const top = scale.y(y[at])
    context.fillRect(left, top, Math.max(1, wide - 1), scale.area.bottom - top)
    points.push({ across: left + wide / 2, down: top, name, x: value, y: y[at] })
  })
}

function drawBins(context, { name, x, y }, [colour], scale, points) {
  context.globalAlpha = BIN_ALPHA
  context.fillStyle = colour
  y.forEach((share, at) => {
    if (!share) return
    const [left, right, top] = [scale.x(x[at]), scale.x(x[at + 1]), scale.y(share)]
    context.fillRect(left, top, Math.max(1, right - left), scale.area.bottom - top)
    points.push({ across: (left + right) / 2, down: top, name, x: (x[at] + x[at + 1]) / 2, y: share })
  })
}

/** Draws a name above the plot, over its line, without being cut off at the panel's edges. */
function drawMarkName(context, text, x, line, width, theme) {
  const half = context.measureText(text).width / 2
  outlinedText(context, text, clamp(x, half, width - half), MARK_LINE * (line + 0.5), theme)
}

export function drawMarks(context, marks, scale, width, theme) {
  context.font = theme.letters(12)
  context.strokeStyle = theme.text
  context.lineWidth = 1.5
  context.globalAlpha = 0.6
  context.setLineDash([5, 4])
  const places = Object.values(marks).map(scale.x)
  for (const [line, x] of places.entries()) lineAt(context, x, MARK_LINE * (line + 1) + 2, x, scale.area.bottom)
  context.setLineDash([])
  context.globalAlpha = 1
  for (const [line, name] of Object.keys(marks).entries()) {
    drawMarkName(context, name, places[line], line, width, theme)
  }
}

/** The line that is dragged, with a grip between its name and the plot. */
export function drawHandle(context, { name, stops, texts }, stop, line, scale, width, theme) {
  const x = scale.x(stops[stop])
  context.font = theme.letters(13, 600)
  context.globalAlpha = 1
  drawMarkName(context, `${name} = ${texts[stop]}`, x, line, width, theme)
  context.strokeStyle = context.fillStyle = theme.accent
  context.lineWidth = 2
  lineAt(context, x, MARK_LINE * (line + 1) + 2, x, scale.area.bottom)
  context.beginPath()
  context.arc(x, MARK_LINE * (line + 1) + GRIP + 1, GRIP, 0, 2 * Math.PI)
  context.fill()
  context.strokeStyle = theme.paper
  context.stroke()
}
