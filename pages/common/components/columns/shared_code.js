// A code that several models share: which of a model's own dimensions it means, and where it stands on that model's map.
//
// `order` gives a model's own dimension for each one that is shared, null if they are the same; `plane` is the projection
// (latents, 2) of its map, row after row, with orthonormal columns.

/** A shared code in the model's own dimensions; what it lacks is 0. */
export function ownCode(code, order, latents) {
  const own = new Float32Array(latents)
  for (let at = 0; at < latents; at++) own[order ? order[at] : at] = code[at] ?? 0
  return own
}

/** The place [x, y] of a model's own code on its map. */
export function onPlane(own, plane) {
  let [x, y] = [0, 0]
  for (let at = 0; at < own.length; at++) {
    x += plane[2 * at] * own[at]
    y += plane[2 * at + 1] * own[at]
  }
  return [x, y]
}

/** The shared code moved within the map's plane so that it stands at the place [x, y]. */
export function moved(code, [x, y], order, plane) {
  const latents = plane.length / 2
  const own = ownCode(code, order, latents)
  const [x0, y0] = onPlane(own, plane)
  return code.map((value, at) => {
    if (at >= latents) return value
    const mine = order ? order[at] : at
    return own[mine] + plane[2 * mine] * (x - x0) + plane[2 * mine + 1] * (y - y0)
  })
}
