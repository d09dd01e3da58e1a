// KL per dimension as bars.

import { drawAxes, linearTicks } from "./axes.js"
import { TICK_ALPHA } from "./canvas.js"
import { clamp } from "./numbers.js"

/** How many dimensions are active units, such as "6 of 20 active"; `active` holds 1 or 0 for each dimension. */
export function activeText(active) {
  return `${active.reduce((sum, one) => sum + one, 0)} of ${active.length} active`
}

/** The layout of the bars: `area`, the width of a dimension, and the pixel of a height; bars are cut off at `most` nats. */
function barScale(area, latents, most) {
  const slot = (area.right - area.left) / latents
  return { area, slot, y: (nats) => area.bottom - (Math.min(nats, most) / most) * (area.bottom - area.top) }
}

export function klScale(width, height, latents, most) {
  return barScale({ left: 40, top: 24, right: width - 4, bottom: height - 20 }, latents, most)
}

/**
 * KL per dimension with axis and names; `pointed` is the dimension under the pointer, or null. Dimensions that are not
 * active units are grey.
 */
export function drawKl(context, width, height, kl, active, most, pointed, theme) {
  const scale = klScale(width, height, kl.length, most)
  const { area } = scale
  context.font = theme.letters(12)
  context.fillStyle = theme.text
  context.globalAlpha = 0.75
  context.textBaseline = "alphabetic"
  context.fillText("KL per dimension, nats", 0, 12)
  context.textAlign = "right"
  context.fillText(activeText(active), area.right, 12)
  const ticks = linearTicks([0, most], Math.max(72, area.bottom - area.top), 36)
  drawAxes(context, scale, { x: [], y: ticks }, ["", ""], theme)
  drawBars(context, scale, kl, active, pointed, theme)
  drawNames(context, scale, kl.length, theme)
}

/** The same without an axis, for a column of a comparison: `most` is shared by all columns. */
export function drawSmallKl(context, width, height, kl, active, most, theme) {
  context.font = theme.letters(11)
  context.fillStyle = theme.text
  context.textBaseline = "alphabetic"
  context.globalAlpha = 0.75
  context.fillText(activeText(active), 0, 11)
  const area = { left: 0, top: 16, right: width, bottom: height - 2 }
  drawBars(context, barScale(area, kl.length, most), kl, active, null, theme)
}

/** One bar per dimension; if there are more dimensions than pixels, the highest of each pixel. */
function drawBars(context, { area, y }, kl, active, pointed, theme) {
  const bars = Math.min(kl.length, Math.floor(area.right - area.left))
  const step = (area.right - area.left) / bars
  const wide = clamp(step > 4 ? step * 0.72 : step - (step > 2 ? 1 : 0), 1, 48)
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * kl.length) / bars)
    const to = Math.max(from + 1, Math.floor(((bar + 1) * kl.length) / bars))
    const nats = Math.max(...kl.subarray(from, to))
    const off = !active.subarray(from, to).includes(1)
    const top = Math.min(y(nats), area.bottom - 3)
    context.fillStyle = off ? theme.text : theme.accent
    context.globalAlpha = off ? 0.3 : pointed === null || (pointed >= from && pointed < to) ? 0.9 : 0.45
    context.fillRect(area.left + (bar + 0.5) * step - wide / 2, top, wide, area.bottom - top)
  }
  context.globalAlpha = 1
}

/** The dimensions' names where there is room for them. */
function drawNames(context, { area, slot }, latents, theme) {
  context.fillStyle = theme.text
  context.globalAlpha = TICK_ALPHA
  context.textAlign = "center"
  const every = [1, 2, 5, 10, 20, 50, 100, 200].find((step) => step * slot >= 26) || 200
  context.textBaseline = "top"
  for (let index = every - 1; index < latents; index += every) {
    context.fillText(`z${index + 1}`, area.left + (index + 0.5) * slot, area.bottom + 5)
  }
  context.globalAlpha = 1
}
