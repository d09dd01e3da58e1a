/** The position on a line through `path` that is nearest to (x, y); positions are {x, y}. */
export function nearestOnPath(path, x, y) {
  let [nearest, least] = [path[0], Infinity]
  for (let index = 0; index + 1 < path.length; index++) {
    const [a, b] = [path[index], path[index + 1]]
    const [dx, dy] = [b.x - a.x, b.y - a.y]
    const share = Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)))
    const place = { x: a.x + share * dx, y: a.y + share * dy }
    const distance = Math.hypot(place.x - x, place.y - y)
    if (distance < least) [nearest, least] = [place, distance]
  }
  return nearest
}
