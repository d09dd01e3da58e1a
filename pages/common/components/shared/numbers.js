// Numbers: as text, interpolated, and drawn at random.

/** The text with real minus signs. */
export function withMinus(text) {
  return text.replaceAll("-", "−")
}

export function numberText(value, digits) {
  return withMinus((Math.abs(value) < 1e-12 ? 0 : value).toFixed(digits))
}

export function countText(count) {
  return count.toLocaleString("en")
}

export function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value))
}

/** Arrays between `from` (share 0) and `to` (share 1), element by element. */
export function mixed(from, to, share) {
  return share <= 0 ? from : share >= 1 ? to : from.map((value, index) => value + (to[index] - value) * share)
}

/** Standard normal numbers that are the same every time: mulberry32 and the Box-Muller transform. */
export function normals(count) {
  let state = 20130420
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return Float32Array.from({ length: count }, normal)
}
