// Bytes that Python packed (`vae_core/export/packing.py`).

/** The header and the typed arrays: `float32` or `uint8`, views into a copy of the bytes. */
export function unpacked(bytes) {
  const whole = bytes.slice()
  const length = new DataView(whole.buffer).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(whole.subarray(4, 4 + length)))
  const arrays = {}
  for (const [name, [type, shape, offset]] of Object.entries(header.arrays)) {
    const count = shape.reduce((product, size) => product * size, 1)
    const Kind = type === "uint8" ? Uint8Array : Float32Array
    arrays[name] = new Kind(whole.buffer, 4 + length + offset, count)
  }
  return { header, arrays }
}

export function sameBytes(one, other) {
  if (one === other || one.length !== other.length) return one === other
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}
