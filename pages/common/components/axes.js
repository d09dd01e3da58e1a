// The axes of a plot: straight or logarithmic, their ticks, and their names.

const MINUS = /-/g

/** Where values stand between two pixels; `log` is the base of a logarithmic axis, else it is straight. */
function axisOf([low, high], log, start, end) {
  const bent = log ? Math.log : (value) => value
  const straight = log ? Math.exp : (value) => value
  const [first, last] = [bent(low), bent(high)]
  return {
    at: (value) => start + ((end - start) * (bent(value) - first)) / (last - first),
    value: (place) => straight(first + ((last - first) * (place - start)) / (end - start)),
  }
}

/** Round numbers of a straight axis, `each` pixels or more from one another. */
function straightTicks([low, high], room, each, percent = false) {
  const factor = percent ? 100 : 1
  const { ticks, digits } = ticksOf(factor * low, factor * high, room / each)
  return ticks.map((tick) => ({ value: tick / factor, text: numberText(tick, digits) + (percent ? " %" : "") }))
}

/** Powers of the base; where there is room, twice and five times those of ten too. */
function bentTicks([low, high], base, room, each) {
  const powers = []
  for (let power = Math.ceil(Math.log(low) / Math.log(base) - 1) ; base ** power <= high; power++) powers.push(base ** power)
  const roomy = (room / Math.log(high / low)) * Math.log(2) >= each && base === 10
  const all = roomy ? powers.flatMap((power) => [power, 2 * power, 5 * power]) : powers
  const text = (value) => String(Number(value.toPrecision(6))).replace(MINUS, "−")
  return all.filter((value) => value >= low && value <= high).map((value) => ({ value, text: text(value) }))
}

/** Lines across `area` at the ticks {x, y}, their numbers, and the axes' two names. */
function drawAxes(context, { area, x, y }, ticks, names, ink) {
  context.font = ink.letters(12)
  context.fillStyle = context.strokeStyle = ink.text
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
  drawMapNames(context, area, names)
}
