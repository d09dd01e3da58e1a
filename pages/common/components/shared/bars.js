// KL per dimension as bars.

import { drawAxes, linearTicks } from "./axes.js"
import { TICK_ALPHA } from "./canvas.js"
import { clamp } from "./numbers.js"

/** A dimension with less KL than this, in nats, counts as switched off. */
export const OFF_NATS = 0.01

export function dimensionsOn(kl) {
  return kl.reduce((sum, nats) => sum + (nats >= OFF_NATS), 0)
}

/** Where the bars stand: `area`, the width of a dimension, and the pixel of a height; above `most` nats bars are cut. */
function barScale(area, latents, most) {
  const slot = (area.right - area.left) / latents
  return { area, slot, y: (nats) => area.bottom - (Math.min(nats, most) / most) * (area.bottom - area.top) }
}

export function klScale(width, height, latents, most) {
  return barScale({ left: 40, top: 24, right: width - 4, bottom: height - 20 }, latents, most)
}

/** KL per dimension with axis and names; `pointed` is the dimension under the pointer, or null. */
export function drawKl(context, width, height, kl, most, pointed, theme) {
  const scale = klScale(width, height, kl.length, most)
  const { area } = scale
  context.font = theme.letters(12)
  context.fillStyle = theme.text
  context.globalAlpha = 0.75
  context.textBaseline = "alphabetic"
  context.fillText("KL per dimension, nats", 0, 12)
  context.textAlign = "right"
  context.fillText(`${dimensionsOn(kl)} of ${kl.length} above ${OFF_NATS}`, area.right, 12)
  const ticks = linearTicks([0, most], Math.max(72, area.bottom - area.top), 36)
  drawAxes(context, scale, { x: [], y: ticks }, ["", ""], theme)
  drawBars(context, scale, kl, pointed, theme)
  drawNames(context, scale, kl, theme)
}

/** The same without an axis, for a column of a comparison: `most` is shared by all columns. */
export function drawSmallKl(context, width, height, kl, most, theme) {
  context.font = theme.letters(11)
  context.fillStyle = theme.text
  context.textBaseline = "alphabetic"
  context.globalAlpha = 0.75
  context.fillText(`${dimensionsOn(kl)} of ${kl.length} dimensions on`, 0, 11)
  const area = { left: 0, top: 16, right: width, bottom: height - 2 }
  drawBars(context, barScale(area, kl.length, most), kl, null, theme)
}

/** One bar per dimension; if there are more dimensions than pixels, the highest of each pixel. */
function drawBars(context, { area, y }, kl, pointed, theme) {
  const bars = Math.min(kl.length, Math.floor(area.right - area.left))
  const step = (area.right - area.left) / bars
  const wide = clamp(step > 4 ? step * 0.72 : step - (step > 2 ? 1 : 0), 1, 48)
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * kl.length) / bars)
    const to = Math.max(from + 1, Math.floor(((bar + 1) * kl.length) / bars))
    const nats = Math.max(...kl.subarray(from, to))
    const off = nats < OFF_NATS
    const top = off ? area.bottom - 3 : y(nats)
    context.fillStyle = off ? theme.text : theme.accent
    context.globalAlpha = off ? 0.3 : pointed === null || (pointed >= from && pointed < to) ? 0.9 : 0.45
    context.fillRect(area.left + (bar + 0.5) * step - wide / 2, top, wide, area.bottom - top)
  }
  context.globalAlpha = 1
}

/** The dimensions' names where there is room for them, and "off" above those that are. */
function drawNames(context, { area, slot }, kl, theme) {
  context.fillStyle = theme.text
  context.globalAlpha = TICK_ALPHA
  context.textAlign = "center"
  const every = [1, 2, 5, 10, 20, 50, 100, 200].find((step) => step * slot >= 26) || 200
  kl.forEach((nats, index) => {
    const x = area.left + (index + 0.5) * slot
    context.textBaseline = "top"
    if ((index + 1) % every === 0) context.fillText(`z${index + 1}`, x, area.bottom + 5)
    context.textBaseline = "middle"
    if (nats < OFF_NATS && slot > 24) context.fillText("off", x, area.bottom - 12)
  })
  context.globalAlpha = 1
}
