// What is drawn on top of the points: z, the pointer, the nearest image, a posterior, a direction.

import { lineAt, outlinedLine } from "../shared/canvas.js"

/** z: a ring with four marks around it, and thin lines to the axes. */
export function drawCross(context, area, x, y, theme) {
  context.save()
  context.globalAlpha = 0.5
  context.setLineDash([2, 4])
  context.lineWidth = 1
  context.strokeStyle = theme.accent
  lineAt(context, x, area.bottom, x, y)
  lineAt(context, area.left, y, x, y)
  context.restore()
  outlinedLine(context, theme, theme.accent, 2.5, () => {
    context.arc(x, y, 6, 0, 2 * Math.PI)
    for (const [across, down] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ]) {
      context.moveTo(x + 6 * across, y + 6 * down)
      context.lineTo(x + 11 * across, y + 11 * down)
    }
  })
}

/** The pointer's position, and a line to the nearest image. */
export function drawCursor(context, cursor, nearest, theme) {
  if (nearest) {
    outlinedLine(context, theme, theme.text, 1.25, () => {
      context.moveTo(cursor.x, cursor.y)
      context.lineTo(nearest.x, nearest.y)
    })
    drawRing(context, nearest, theme)
  }
  outlinedLine(context, theme, theme.text, 1.75, () => {
    context.moveTo(cursor.x - 6, cursor.y)
    context.lineTo(cursor.x + 6, cursor.y)
    context.moveTo(cursor.x, cursor.y - 6)
    context.lineTo(cursor.x, cursor.y + 6)
  })
}

export function drawRing(context, { x, y }, theme) {
  outlinedLine(context, theme, theme.text, 1.75, () => context.arc(x, y, 6.5, 0, 2 * Math.PI))
}

/** A posterior at one and two standard deviations. */
export function drawEllipse(context, scale, [mean, std], theme) {
  const [x, y] = [scale.x(mean[0]), scale.y(mean[1])]
  context.save()
  for (const times of [1, 2]) {
    const radii = std.map((value) => Math.max(1, times * value * scale.unit))
    context.setLineDash(times === 1 ? [] : [5, 4])
    outlinedLine(context, theme, theme.accent, 1.75, () => context.ellipse(x, y, ...radii, 0, 0, 2 * Math.PI))
    context.globalAlpha = 0.12
    context.fillStyle = theme.accent
    context.fill()
    context.globalAlpha = 1
  }
  context.restore()
}

export function drawArrow(context, from, to, theme) {
  const long = Math.hypot(to.x - from.x, to.y - from.y)
  if (long < 2) return
  const turn = Math.atan2(to.y - from.y, to.x - from.x)
  const head = Math.min(10, long / 2)
  outlinedLine(context, theme, theme.accent, 3, () => {
    context.moveTo(from.x, from.y)
    context.lineTo(to.x, to.y)
    for (const side of [-0.5, 0.5]) {
      context.moveTo(to.x - head * Math.cos(turn + side), to.y - head * Math.sin(turn + side))
      context.lineTo(to.x, to.y)
    }
  })
}

/** The density of the points: overlapping soft discs, so that regions without points stay empty. */
export function drawDensity(context, places, { left, right, top, bottom }, theme) {
  const radius = Math.max(10, Math.min(right - left, bottom - top) / 14)
  context.save()
  context.fillStyle = theme.accent
  for (const [share, alpha] of [
    [1, 0.012],
    [0.6, 0.02],
    [0.3, 0.035],
  ]) {
    context.globalAlpha = alpha * Math.min(1, 2000 / places.length)
    for (let at = 0; at < places.length; at += 2) {
      context.beginPath()
      context.arc(places[at], places[at + 1], share * radius, 0, 2 * Math.PI)
      context.fill()
    }
  }
  context.restore()
}
