// A code that several models share: its meaning in a model's own dimensions, and its position on that model's map.
//
// `order` gives a model's own dimension for each one that is shared, null if they are the same; `plane` is the projection
// (latents, 2) of its map, row after row, with orthonormal columns.

/** Converts a shared code to the model's own dimensions; missing values are 0. */
export function ownCode(code, order, latents) {
  const own = new Float32Array(latents)
  for (let at = 0; at < latents; at++) own[order ? order[at] : at] = code[at] ?? 0
  return own
}

/** The position [x, y] of a model's own code on its map. */
export function onPlane(own, plane) {
  let [x, y] = [0, 0]
  for (let at = 0; at < own.length; at++) {
    x += plane[2 * at] * own[at]
    y += plane[2 * at + 1] * own[at]
  }
  return [x, y]
}

/** Moves a shared code within the map's plane to the position [x, y]. */
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
