// The KL of N(mean, variance) from N(0, 1) as a surface, as a map of contours, and as two densities.

import { drawAxisNames } from "../shared/axes.js"
import { clipped, lineAt, outlinedLine, outlinedText, TICK_ALPHA } from "../shared/canvas.js"
import { clamp, numberText } from "../shared/numbers.js"

export const MEANS = [-3, 3]
export const VARIANCES = [0.02, 4]
const LEVELS = [0.05, 0.2, 0.5, 1, 2, 3, 4]
const CELLS = 28
const TOP = 6.5
const RAMP = [
  [89, 161, 252],
  [131, 99, 235],
  [217, 130, 43],
]

/** Kingma & Welling 2014, appendix B, for one dimension; nats. */
export function klOf(mean, variance) {
  return 0.5 * (mean * mean + variance - 1 - Math.log(variance))
}

function colourOf(value, alpha = 1) {
  const at = Math.min(0.9999, Math.sqrt(value / TOP)) * (RAMP.length - 1)
  const from = Math.floor(Math.max(0, at))
  const mixed = RAMP[from].map((part, index) => Math.round(part + (at - from) * (RAMP[from + 1][index] - part)))
  return `rgb(${mixed.join(" ")} / ${alpha})`
}

/** From (variance, mean, KL) to the screen: the box of the surface turned around its upright axis, seen from above. */
export function surfaceScale(turn, width, height) {
  const unit = Math.min(width / 3.1, height / 2.9)
  const [cy, sy, cp, sp] = [Math.cos(turn.yaw), Math.sin(turn.yaw), Math.cos(turn.pitch), Math.sin(turn.pitch)]
  return (variance, mean, kl) => {
    const a = (2 * (variance - VARIANCES[0])) / (VARIANCES[1] - VARIANCES[0]) - 1
    const b = (mean - MEANS[0]) / 3 - 1
    const c = (1.7 * Math.min(kl, TOP)) / TOP - 0.85
    const [x, deep] = [cy * a + sy * b, cy * b - sy * a]
    return { x: width / 2 + unit * x, y: height / 2 - unit * (cp * c + sp * deep), depth: cp * deep - sp * c }
  }
}

function latticeOf() {
  const at = ([low, high], share) => low + share * (high - low)
  const variances = Array.from({ length: CELLS + 1 }, (_, i) => at(VARIANCES, (i / CELLS) ** 2))
  const means = Array.from({ length: CELLS + 1 }, (_, i) => at(MEANS, i / CELLS))
  return { variances, means }
}

const LATTICE = latticeOf()

export function drawSurface(context, scale, theme) {
  const { variances, means } = LATTICE
  const corner = (i, j) => scale(variances[i], means[j], klOf(means[j], variances[i]))
  const cells = []
  for (let i = 0; i < CELLS; i++) {
    for (let j = 0; j < CELLS; j++) {
      const corners = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)]
      const middle = klOf((means[j] + means[j + 1]) / 2, (variances[i] + variances[i + 1]) / 2)
      cells.push({ corners, middle, depth: corners.reduce((sum, one) => sum + one.depth, 0) })
    }
  }
  cells.sort((one, other) => other.depth - one.depth)
  drawFloor(context, scale, theme)
  context.lineWidth = 0.6
  for (const { corners, middle } of cells) {
    context.beginPath()
    for (const { x, y } of corners) context.lineTo(x, y)
    context.closePath()
    context.fillStyle = colourOf(middle, 0.82)
    context.strokeStyle = colourOf(middle, 1)
    context.fill()
    context.stroke()
  }
}

/** The frame at KL = 0 with the names of its sides. */
function drawFloor(context, scale, theme) {
  const frame = [
    [VARIANCES[0], -3],
    [VARIANCES[1], -3],
    [VARIANCES[1], 3],
    [VARIANCES[0], 3],
  ]
  context.save()
  context.strokeStyle = context.fillStyle = theme.text
  context.globalAlpha = 0.35
  context.beginPath()
  for (const [variance, mean] of frame) {
    const { x, y } = scale(variance, mean, 0)
    context.lineTo(x, y)
  }
  context.closePath()
  context.stroke()
  context.globalAlpha = 0.85
  context.font = theme.letters(12)
  context.textAlign = "center"
  for (const [text, variance, mean] of [
    ["variance σ²", 2, -3.7],
    ["mean μ", 4.6, 0],
  ]) {
    const { x, y } = scale(variance, mean, 0)
    context.fillText(text, x, y + 4)
  }
  context.restore()
}

/** Across the variance, up the mean. */
export function contourScale(width, height) {
  const area = { left: 40, top: 8, right: width - 10, bottom: height - 36 }
  const [across, down] = [area.right - area.left, area.bottom - area.top]
  return {
    area,
    x: (variance) => area.left + (across * variance) / VARIANCES[1],
    y: (mean) => area.bottom - (down * (mean - MEANS[0])) / 6,
    variance: (x) => clamp(((x - area.left) / across) * VARIANCES[1], ...VARIANCES),
    mean: (y) => clamp(MEANS[0] + (6 * (area.bottom - y)) / down, ...MEANS),
  }
}

export function drawContour(context, scale, theme) {
  const { area } = scale
  const cell = 5
  for (let x = area.left; x < area.right; x += cell) {
    for (let y = area.top; y < area.bottom; y += cell) {
      context.fillStyle = colourOf(klOf(scale.mean(y + cell / 2), scale.variance(x + cell / 2)), 0.4)
      context.fillRect(x, y, Math.min(cell, area.right - x), Math.min(cell, area.bottom - y))
    }
  }
  context.font = theme.letters(11)
  for (const level of LEVELS) drawLevel(context, scale, theme, level)
  drawContourAxes(context, scale, theme)
}

/** A contour of the KL: mean = +-sqrt(2 KL - variance + 1 + ln variance), a closed line clipped at the picture's edge. */
function drawLevel(context, scale, theme, level) {
  const upper = []
  for (let step = 1; step <= 600; step++) {
    const variance = 1.2 * VARIANCES[1] * (step / 600) ** 2
    const squared = 2 * level - variance + 1 + Math.log(variance)
    if (squared >= 0) upper.push([variance, Math.sqrt(squared)])
  }
  const lower = upper.map(([variance, mean]) => [variance, -mean]).reverse()
  clipped(context, scale.area, () => {
    context.strokeStyle = theme.text
    context.globalAlpha = 0.55
    context.lineWidth = 1
    context.beginPath()
    for (const [variance, mean] of [...upper, ...lower]) context.lineTo(scale.x(variance), scale.y(mean))
    context.closePath()
    context.stroke()
  })
  const top = Math.sqrt(2 * level)
  if (top < 2.9) outlinedText(context, String(level), scale.x(1), scale.y(top), theme)
}

function drawContourAxes(context, scale, theme) {
  const { area } = scale
  context.save()
  context.font = theme.letters(12)
  context.fillStyle = theme.text
  context.globalAlpha = TICK_ALPHA
  context.textAlign = "center"
  for (const tick of [0, 1, 2, 3, 4]) context.fillText(String(tick), scale.x(tick), area.bottom + 15)
  context.textAlign = "right"
  context.textBaseline = "middle"
  for (const tick of [-3, -2, -1, 0, 1, 2, 3]) context.fillText(numberText(tick, 0), area.left - 6, scale.y(tick))
  context.textBaseline = "alphabetic"
  drawAxisNames(context, area, ["variance σ²", "mean μ"])
  context.restore()
}

const REACH = 5

function densityOf(mean, variance) {
  return (z) => Math.exp(-((z - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance)
}

/** q on top of p: one is filled, the other dashed, so that they can be distinguished without colour. */
export function drawDensities(context, width, height, mean, variance, theme) {
  const area = { left: 12, right: width - 12, top: 26, bottom: height - 36 }
  const x = (z) => area.left + ((z + REACH) / (2 * REACH)) * (area.right - area.left)
  const [q, p] = [densityOf(mean, variance), densityOf(0, 1)]
  const most = Math.max(0.45, q(mean))
  const y = (density) => area.bottom - (density / most) * (area.bottom - area.top)
  const line = (density) => {
    context.beginPath()
    for (let at = 0; at <= 300; at++) {
      const z = -REACH + (at / 300) * 2 * REACH
      context.lineTo(x(z), y(density(z)))
    }
  }
  context.save()
  line(q)
  context.lineTo(x(REACH), area.bottom)
  context.lineTo(x(-REACH), area.bottom)
  context.fillStyle = context.strokeStyle = theme.accent
  context.globalAlpha = 0.25
  context.fill()
  context.globalAlpha = 1
  context.lineWidth = 2
  line(q)
  context.stroke()
  context.strokeStyle = context.fillStyle = theme.text
  context.setLineDash([5, 4])
  line(p)
  context.stroke()
  context.setLineDash([])
  context.globalAlpha = TICK_ALPHA
  context.lineWidth = 1
  lineAt(context, area.left, area.bottom, area.right, area.bottom)
  context.font = theme.letters(12)
  context.textAlign = "center"
  for (const tick of [-4, -2, 0, 2, 4]) context.fillText(numberText(tick, 0), x(tick), area.bottom + 15)
  context.globalAlpha = 0.9
  context.fillText("z", (area.left + area.right) / 2, area.bottom + 32)
  context.fillText(
    `q(z|x) = N(${numberText(mean, 2)}, ${numberText(variance, 2)}), filled; p(z) = N(0, 1), dashed`,
    (area.left + area.right) / 2,
    14,
  )
  context.restore()
}

export function drawSpot(context, x, y, theme) {
  outlinedLine(context, theme, theme.text, 2.5, () => context.arc(x, y, 7, 0, 2 * Math.PI))
  context.fillStyle = theme.paper
  context.fill()
}
