// The axes of a plot: linear or logarithmic, their ticks and their names.

import { lineAt, TICK_ALPHA } from "./canvas.js"
import { numberText, withMinus } from "./numbers.js"

/** Maps values to pixels and back: `low` is at `start`, `high` at `end`; `log` is the base of a logarithmic axis. */
export function axisOf([low, high], log, start, end) {
  const forward = log ? Math.log : (value) => value
  const back = log ? Math.exp : (value) => value
  const [first, last] = [forward(low), forward(high)]
  return {
    at: (value) => start + ((end - start) * (forward(value) - first)) / (last - first),
    value: (pixel) => back(first + ((last - first) * (pixel - start)) / (end - start)),
  }
}

/** Round numbers from low to high, about `count` of them, and the decimals that they need. */
export function ticksOf(low, high, count) {
  const raw = Math.max(high - low, 1e-9) / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power
  const ticks = []
  for (let index = Math.ceil(low / step); index * step <= high + 1e-9 * step; index++) ticks.push(index * step)
  return { ticks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) }
}

/** The ticks of a linear axis of `room` pixels, at least `gap` pixels apart. */
export function linearTicks([low, high], room, gap, percent = false) {
  const factor = percent ? 100 : 1
  const { ticks, digits } = ticksOf(factor * low, factor * high, room / gap)
  return ticks.map((tick) => ({ value: tick / factor, text: numberText(tick, digits) + (percent ? " %" : "") }))
}

/** The ticks of a logarithmic axis: powers of the base and, if there is room, 2 and 5 times the powers of ten. */
export function logTicks([low, high], base, room, gap) {
  const powers = []
  const first = Math.ceil(Math.log(low) / Math.log(base) - 1)
  for (let power = first; base ** power <= high; power++) powers.push(base ** power)
  const roomy = base === 10 && (room / Math.log(high / low)) * Math.log(2) >= gap
  const all = roomy ? powers.flatMap((power) => [power, 2 * power, 5 * power]) : powers
  const text = (value) => withMinus(String(Number(value.toPrecision(6))))
  return all.filter((value) => value >= low && value <= high).map((value) => ({ value, text: text(value) }))
}

/** Lines across `area` at the ticks {x, y}, their numbers, and the names of both axes. */
export function drawAxes(context, { area, x, y }, ticks, names, theme) {
  context.save()
  context.font = theme.letters(12)
  context.fillStyle = context.strokeStyle = theme.text
  context.lineWidth = 1
  context.textAlign = "center"
  context.textBaseline = "top"
  for (const { value, text } of ticks.x) {
    context.globalAlpha = value === 0 ? 0.3 : 0.08
    lineAt(context, x(value), area.top, x(value), area.bottom)
    context.globalAlpha = TICK_ALPHA
    context.fillText(text, x(value), area.bottom + 5)
  }
  context.textAlign = "right"
  context.textBaseline = "middle"
  for (const { value, text } of ticks.y) {
    context.globalAlpha = value === 0 ? 0.3 : 0.08
    lineAt(context, area.left, y(value), area.right, y(value))
    context.globalAlpha = TICK_ALPHA
    context.fillText(text, area.left - 6, y(value))
  }
  drawAxisNames(context, area, names)
  context.restore()
}

/** The names of both axes, below and to the left; the context has their font and colour. */
export function drawAxisNames(context, area, [across, up]) {
  context.globalAlpha = 0.9
  context.textAlign = "center"
  context.textBaseline = "alphabetic"
  context.fillText(across, (area.left + area.right) / 2, area.bottom + 33)
  context.save()
  context.translate(10, (area.top + area.bottom) / 2)
  context.rotate(-Math.PI / 2)
  context.fillText(up, 0, 0)
  context.restore()
}
