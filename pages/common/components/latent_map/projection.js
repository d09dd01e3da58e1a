// Codes of three numbers on the screen: an orthographic projection, turned around the upright axis and tipped towards the
// eye.

const EDGE = 24

/** From codes of three numbers to the screen; depth runs from -1, far, to 1, near. */
export function cloudScale(codes, prior, turn, width, height) {
  const reach = Math.max(prior ? 2.3 : 1e-6, reachOf(codes))
  const unit = (Math.min(width, height) / 2 - EDGE) / reach
  const [cy, sy, cp, sp] = [Math.cos(turn.yaw), Math.sin(turn.yaw), Math.cos(turn.pitch), Math.sin(turn.pitch)]
  const at = (a, b, c) => {
    const behind = cy * c - sy * a
    const depth = sp * b + cp * behind
    return {
      x: width / 2 + unit * (cy * a + sy * c),
      y: height / 2 - unit * (cp * b - sp * behind),
      depth: depth / reach,
    }
  }
  return { unit, reach, at, width, height }
}

/** How far from the origin all but the outermost hundredth of the points are. */
function reachOf(codes) {
  const far = Float32Array.from({ length: codes.length / 3 }, (_, at) =>
    Math.hypot(...codes.subarray(3 * at, 3 * at + 3)),
  )
  return far.sort()[Math.floor(0.99 * (far.length - 1))]
}

/** Pixels (x, y) of all points, their depths, and their order from far to near. */
export function cloudPlaces(codes, scale) {
  const points = codes.length / 3
  const places = new Float32Array(2 * points)
  const depths = new Float32Array(points)
  for (let point = 0; point < points; point++) {
    const { x, y, depth } = scale.at(codes[3 * point], codes[3 * point + 1], codes[3 * point + 2])
    places[2 * point] = x
    places[2 * point + 1] = y
    depths[point] = depth
  }
  const order = Uint32Array.from(depths.keys()).sort((one, other) => depths[one] - depths[other])
  return { places, depths, order }
}
