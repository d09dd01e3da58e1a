// Three latents as a cloud: an orthographic projection, turned around the upright axis and tipped towards the eye.

const FIRST_TURN = { yaw: 0.6, pitch: 0.35 }
const CLOUD_EDGE = 24

/** From codes of three numbers to the screen; depth runs from -1, far, to 1, near. */
function cloudScale(codes, prior, turn, width, height) {
  const reach = Math.max(prior ? 2.3 : 1e-6, reachOf(codes))
  const unit = (Math.min(width, height) / 2 - CLOUD_EDGE) / reach
  const [cy, sy, cp, sp] = [Math.cos(turn.yaw), Math.sin(turn.yaw), Math.cos(turn.pitch), Math.sin(turn.pitch)]
  const at = (a, b, c) => {
    const behind = cy * c - sy * a
    const depth = sp * b + cp * behind
    return { x: width / 2 + unit * (cy * a + sy * c), y: height / 2 - unit * (cp * b - sp * behind), depth: depth / reach }
  }
  return { unit, reach, at, middle: { x: width / 2, y: height / 2 } }
}

/** How far from the origin all but the outermost hundredth of the points are. */
function reachOf(codes) {
  const far = Float32Array.from({ length: codes.length / 3 }, (_, at) => Math.hypot(...codes.subarray(3 * at, 3 * at + 3)))
  return far.sort()[Math.floor(0.99 * (far.length - 1))]
}

/** Pixels (x, y) of all points, their depths, and their order from far to near. */
function cloudPlaces(codes, scale) {
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

/** Near points are larger and fuller than far ones. */
function drawCloud(context, { places, depths, order }, labels, dots, classLooked) {
  const { stamps, size } = dots
  for (const point of order) {
    const near = Math.max(0, Math.min(1, 0.5 + 0.8 * depths[point]))
    const label = labels[point]
    const stamp = stamps[label === NO_LABEL ? stamps.length - 1 : label % (stamps.length - 1)]
    const wide = size * (0.6 + 0.7 * near)
    context.globalAlpha = classLooked !== null && label !== classLooked ? 0.06 : 0.35 + 0.65 * near
    context.drawImage(stamp, places[2 * point] - wide / 2, places[2 * point + 1] - wide / 2, wide, wide)
  }
  context.globalAlpha = 1
}

/** The three axes with their names, and the prior's spheres at one and two standard deviations. */
function drawCloudAxes(context, scale, names, prior, ink) {
  context.save()
  context.font = ink.letters(12)
  names.forEach((name, axis) => {
    const end = [0, 1, 2].map((other) => (other === axis ? scale.reach : 0))
    const [to, from] = [scale.at(...end), scale.at(...end.map((value) => -value))]
    context.globalAlpha = 0.35
    context.strokeStyle = ink.text
    context.lineWidth = 1
    lineAt(context, from.x, from.y, to.x, to.y)
    context.globalAlpha = 0.95
    seamed(context, name, to.x, to.y, ink)
  })
  context.strokeStyle = ink.text
  context.lineWidth = 1
  context.globalAlpha = 0.45
  context.setLineDash([3, 4])
  for (const radius of prior ? [1, 2] : []) {
    context.beginPath()
    context.arc(scale.middle.x, scale.middle.y, radius * scale.unit, 0, 2 * Math.PI)
    context.stroke()
  }
  context.restore()
}
