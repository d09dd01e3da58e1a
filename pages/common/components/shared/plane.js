// The geometry of a map: the part of the plane that it shows, and the position of a pixel in it.

/** How far the prior reaches on a map: its circle at two standard deviations, and some room. */
const PRIOR_REACH = 2.3
const ROOM = 0.04
const NEAR_PIXELS = 12

/** The box [left, right, bottom, top] around all points and, for a VAE, the prior's two circles. */
export function boxOf(places, prior, flat) {
  const box = prior
    ? [-PRIOR_REACH, PRIOR_REACH, -PRIOR_REACH, PRIOR_REACH]
    : [Infinity, -Infinity, Infinity, -Infinity]
  for (let at = 0; at < places.length; at += 2) {
    box[0] = Math.min(box[0], places[at])
    box[1] = Math.max(box[1], places[at])
    box[2] = Math.min(box[2], places[at + 1])
    box[3] = Math.max(box[3], places[at + 1])
  }
  const room = Math.max(box[1] - box[0], flat ? 0 : box[3] - box[2], 1e-6) * ROOM
  return [box[0] - room, box[1] + room, ...(flat ? [0, 0] : [box[2] - room, box[3] + room])]
}

/** The position of the box within the `margins` of a panel: one scale for both axes, the box in the middle. */
export function mapScale(box, width, height, margins = { left: 40, top: 8, right: 8, bottom: 38 }) {
  const area = {
    left: margins.left,
    top: margins.top,
    right: width - margins.right,
    bottom: height - margins.bottom,
  }
  const unit = Math.min((area.right - area.left) / (box[1] - box[0]), (area.bottom - area.top) / (box[3] - box[2]))
  const x0 = (area.left + area.right) / 2 - (unit * (box[0] + box[1])) / 2
  const y0 = (area.top + area.bottom) / 2 + (unit * (box[2] + box[3])) / 2
  return { area, width, height, unit, x: (value) => x0 + unit * value, y: (value) => y0 - unit * value }
}

/** The two axes (x, y) of each code, next to each other; y is 0 on a map of one latent. */
export function planeOf(codes, latents, [across, up], flat) {
  const points = codes.length / latents
  const plane = new Float32Array(2 * points)
  for (let point = 0; point < points; point++) {
    plane[2 * point] = codes[point * latents + across]
    if (!flat) plane[2 * point + 1] = codes[point * latents + up]
  }
  return plane
}

/** The point nearest to a pixel, at most 12 pixels away; null if there is none. */
export function pointAt(places, x, y) {
  let [nearest, least] = [null, NEAR_PIXELS]
  for (let at = 0; at < places.length; at += 2) {
    const distance = Math.hypot(places[at] - x, places[at + 1] - y)
    if (distance < least) [nearest, least] = [at / 2, distance]
  }
  return nearest
}

/** The index of the row, of as many values as `target` has, that is nearest to it. */
export function nearestRow(rows, target) {
  const size = target.length
  let [nearest, least] = [0, Infinity]
  for (let at = 0; at < rows.length; at += size) {
    let squared = 0
    for (let axis = 0; axis < size; axis++) squared += (rows[at + axis] - target[axis]) ** 2
    if (squared < least) [nearest, least] = [at / size, squared]
  }
  return nearest
}
