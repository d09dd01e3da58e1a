// Three latents as a cloud of points that can be turned.

import { lineAt, outlinedText } from "../shared/canvas.js"
import { clamp } from "../shared/numbers.js"

export const FIRST_TURN = { yaw: 0.6, pitch: 0.35 }

/** The cloud with its axes, the prior's spheres and the classes' names; near points are larger and fuller than far ones. */
export function drawCloud(context, scatter, { places, depths, order }, scale, theme, { names, prior, highlighted }) {
  drawAxes(context, scale, names, prior, theme)
  scatter.places = places
  const { size } = scatter.stampsFor(scale, theme)
  for (const point of order) {
    const near = clamp(0.5 + 0.8 * depths[point], 0, 1)
    const label = scatter.labels[point]
    const wide = size * (0.6 + 0.7 * near)
    context.globalAlpha = highlighted !== null && label !== highlighted ? 0.06 : 0.35 + 0.65 * near
    context.drawImage(
      scatter.stampOf(label),
      places[2 * point] - wide / 2,
      places[2 * point + 1] - wide / 2,
      wide,
      wide,
    )
  }
  context.globalAlpha = 1
  scatter.drawNames(context, theme)
}

/** The three axes with their names, and the prior's spheres at one and two standard deviations. */
function drawAxes(context, scale, names, prior, theme) {
  context.save()
  context.font = theme.letters(12)
  names.forEach((name, axis) => {
    const end = [0, 1, 2].map((other) => (other === axis ? scale.reach : 0))
    const [to, from] = [scale.at(...end), scale.at(...end.map((value) => -value))]
    context.globalAlpha = 0.35
    context.strokeStyle = theme.text
    context.lineWidth = 1
    lineAt(context, from.x, from.y, to.x, to.y)
    context.globalAlpha = 0.95
    outlinedText(context, name, to.x, to.y, theme)
  })
  context.strokeStyle = theme.text
  context.lineWidth = 1
  context.globalAlpha = 0.45
  context.setLineDash([3, 4])
  for (const radius of prior ? [1, 2] : []) {
    context.beginPath()
    context.arc(scale.width / 2, scale.height / 2, radius * scale.unit, 0, 2 * Math.PI)
    context.stroke()
  }
  context.restore()
}
