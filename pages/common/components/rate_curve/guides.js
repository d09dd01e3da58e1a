// What stands on a rate-distortion plot beside the sweep's own runs.

import { clipped, lineAt, TICK_ALPHA } from "../shared/canvas.js"

/** Lines of equal ELBO, the floor, and the corner of a collapsed code; `spots` are the stops, which no name may cover. */
export function drawGuides(context, scale, { elbo, floor, corner }, spots, theme) {
  clipped(context, scale.area, () => {
    context.strokeStyle = context.fillStyle = theme.text
    context.lineWidth = 1
    context.font = theme.letters(11)
    drawElboLines(context, scale, elbo, spots)
    context.globalAlpha = 0.75
    drawFloor(context, scale, floor)
    drawCorner(context, scale, corner)
  })
}

/** Two places of each line, one after the other. */
function drawElboLines(context, { area, x, y }, elbo, spots) {
  context.textBaseline = "bottom"
  context.textAlign = "right"
  for (let index = 0; index + 1 < elbo.length; index += 2) {
    const [from, to] = [elbo[index], elbo[index + 1]]
    context.globalAlpha = 0.22
    lineAt(context, x(from.rate), y(from.distortion), x(to.rate), y(to.distortion))
    context.globalAlpha = TICK_ALPHA
    const last = area.right - 4
    const share = (last - x(from.rate)) / (x(to.rate) - x(from.rate))
    const height = y(from.distortion + share * (to.distortion - from.distortion))
    const free = spots.every((spot) => Math.hypot((spot.x - last + 20) / 2, spot.y - height) > 22)
    if (free) context.fillText(`ELBO −${from.text}`, last, height - 2)
  }
}

function drawFloor(context, { area, y }, floor) {
  context.setLineDash([5, 4])
  context.textAlign = "left"
  for (const { distortion } of floor) {
    lineAt(context, area.left, y(distortion), area.right, y(distortion))
    context.fillText("floor: perfect reconstruction", area.left + 6, y(distortion) - 2)
  }
  context.setLineDash([])
}

function drawCorner(context, scale, corner) {
  context.textBaseline = "middle"
  context.textAlign = "left"
  for (const { rate, distortion } of corner) {
    const [x, y] = [scale.x(rate), scale.y(distortion)]
    lineAt(context, x - 5, y - 5, x + 5, y + 5)
    lineAt(context, x - 5, y + 5, x + 5, y - 5)
    context.fillText("collapsed: the mean image", x + 11, y)
  }
}
