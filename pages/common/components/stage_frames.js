// From the bytes that Python packed to frames that can be drawn and mixed.

/** The header and typed arrays of what Python packed. */
function unpacked(bytes) {
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

/** Standard normal numbers that are the same every time: mulberry32 and Box-Muller. */
function normals(count) {
  let state = 20130420
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const pair = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return Float32Array.from({ length: count }, pair)
}

function mixed(from, to, share) {
  return share <= 0 ? from : share >= 1 ? to : from.map((value, index) => value + (to[index] - value) * share)
}

/** The part of the plane that holds all points, and of a VAE the prior's two circles. */
function boxOf(places, prior, flat) {
  const box = prior ? [-2.3, 2.3, -2.3, 2.3] : [Infinity, -Infinity, Infinity, -Infinity]
  for (let at = 0; at < places.length; at += 2) {
    box[0] = Math.min(box[0], places[at])
    box[1] = Math.max(box[1], places[at])
    box[2] = Math.min(box[2], places[at + 1])
    box[3] = Math.max(box[3], places[at + 1])
  }
  const half = Math.max(box[1] - box[0], flat ? 0 : box[3] - box[2], 1e-6) * 0.04
  return [box[0] - half, box[1] + half, ...(flat ? [0, 0] : [box[2] - half, box[3] + half])]
}

/** The codes drawn from each point's posterior: its mean and [a 0; b c] times its own fixed noise. */
function sampled(means, spread, noise) {
  return means.map((mean, at) => {
    const point = at >> 1
    const [u, v] = [noise[2 * point], noise[2 * point + 1]]
    return mean + (at % 2 ? spread[3 * point + 1] * u + spread[3 * point + 2] * v : spread[3 * point] * u)
  })
}

function framesOf(header, arrays) {
  const points = arrays.labels.length
  const flat = header.axes[1] === ""
  const noise = arrays.spread ? normals(2 * points) : null
  const part = (array, index, count) => array && array.subarray(index * count, (index + 1) * count)
  return header.steps.map((step, index) => {
    const means = part(arrays.places, index, 2 * points)
    const places = noise ? sampled(means, part(arrays.spread, index, 3 * points), noise) : means
    const kl = part(arrays.kl, index, header.latents)
    return {
      step,
      epoch: header.epochs[index] ?? 0,
      figures: header.figures[index],
      places,
      kl,
      active: part(arrays.active, index, header.latents),
      pixels: part(arrays.reconstructions, index, arrays.reconstructions.length / header.steps.length),
      most: kl ? Math.max(0.05, 1.08 * Math.max(...kl)) : 0,
      box: boxOf(places, header.prior, flat),
    }
  })
}

/** Whether one can move into the other. */
function alike(from, to) {
  return from.places.length === to.places.length && from.kl?.length === to.kl?.length
}

/** The points of each class. */
function membersOf(labels, classes) {
  const members = Array.from({ length: classes }, () => [])
  labels.forEach((label, point) => members[label]?.push(point))
  return members
}

/** The point nearest to a place on the map, within 12 pixels, or null. */
function nearestOf(places, x, y) {
  let [nearest, least] = [null, 12]
  for (let at = 0; at < places.length; at += 2) {
    const away = Math.hypot(places[at] - x, places[at + 1] - y)
    if (away < least) [nearest, least] = [at / 2, away]
  }
  return nearest
}
