// Codes, their places in a plane, and pictures.

/** The two axes of codes, or one of them beside zeros. */
function planeOf(codes, latents, [across, up], flat) {
  const points = codes.length / latents
  const plane = new Float32Array(2 * points)
  for (let point = 0; point < points; point++) {
    plane[2 * point] = codes[point * latents + across]
    if (!flat) plane[2 * point + 1] = codes[point * latents + up]
  }
  return plane
}

/** The index of the row, of as many values as the place has, that is nearest to it. */
function closest(values, place) {
  const size = place.length
  let [nearest, least] = [0, Infinity]
  for (let at = 0; at < values.length; at += size) {
    let away = 0
    for (let axis = 0; axis < size; axis++) away += (values[at + axis] - place[axis]) ** 2
    if (away < least) [nearest, least] = [at / size, away]
  }
  return nearest
}

function put(canvas, picture) {
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width
    canvas.height = picture.height
  }
  canvas.getContext("2d").putImageData(picture, 0, 0)
}

function sameBytes(one, other) {
  if (one === other || one.length !== other.length) return one === other
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}
