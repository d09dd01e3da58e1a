// Guides behind the points of a rate-distortion plot: lines of equal sum, floors and corners.

import { clipped, lineAt, TICK_ALPHA } from "./canvas.js"

/** Draws a panel's guides, placing the lines' names so that they cover no dot. */
export function drawGuides(context, scale, { series, guides: { sums, floors, corners } }, theme) {
  const dots = series.filter(({ kind }) => kind === "dots")
  const spots = dots.flatMap(({ x, y }) => x.map((value, at) => ({ across: scale.x(value), down: scale.y(y[at]) })))
  clipped(context, scale.area, () => {
    context.strokeStyle = context.fillStyle = theme.text
    context.lineWidth = 1
    context.font = theme.letters(11)
    drawSums(context, scale, sums, spots)
    context.globalAlpha = 0.75
    drawFloors(context, scale, floors)
    drawCorners(context, scale, corners)
  })
}

function drawSums(context, { area, y, value }, sums, spots) {
  const { left, right } = area
  const last = right - 4
  context.textBaseline = "top" // below the line, which falls towards its name
  context.textAlign = "right"
  for (const [name, sum] of sums) {
    const height = (across) => y(sum - value(across))
    context.globalAlpha = 0.22
    lineAt(context, left, height(left), right, height(right))
    context.globalAlpha = TICK_ALPHA
    const down = height(last) + 3
    const free = spots.every((spot) => Math.hypot((spot.across - last + 20) / 2, spot.down - down - 6) > 22)
    if (free) context.fillText(name, last, down)
  }
}

function drawFloors(context, { area, y }, floors) {
  context.setLineDash([5, 4])
  context.textBaseline = "bottom"
  context.textAlign = "left"
  for (const [name, distortion] of floors) {
    lineAt(context, area.left, y(distortion), area.right, y(distortion))
    context.fillText(name, area.left + 6, y(distortion) - 2)
  }
  context.setLineDash([])
}

function drawCorners(context, scale, corners) {
  context.textBaseline = "middle"
  context.textAlign = "left"
  for (const [name, rate, distortion] of corners) {
    const [x, y] = [scale.x(rate), scale.y(distortion)]
    lineAt(context, x - 5, y - 5, x + 5, y + 5)
    lineAt(context, x - 5, y + 5, x + 5, y - 5)
    context.fillText(name, x + 11, y)
  }
}
