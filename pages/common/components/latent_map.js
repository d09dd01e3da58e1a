// The map's life: it takes the scene and the view in, follows the pointer, and draws only when something changed.

const LEAST_MAP = 340
const CAPTIONS = 84

class LatentMap {
  constructor(root) {
    this.find = (selector) => root.querySelector(selector)
    this.host = root.host ?? root
    this.cursor = this.nearest = this.pinned = this.looked = null
    this.turn = { ...FIRST_TURN }
    this.asked = 0
    this.stale = true
    this.listen()
  }

  listen() {
    this.resizing = new ResizeObserver(() => this.resize())
    this.resizing.observe(this.find(".panels"))
    this.hand = new Hand(this, this.find(".over"))
    this.find(".switch").onchange = () => this.resize()
    this.find(".reset").onclick = () => this.turnTo(FIRST_TURN.yaw, FIRST_TURN.pitch)
  }

  close() {
    cancelAnimationFrame(this.asked)
    this.resizing.disconnect()
    if (this.meeting?.map === this) this.meeting.map = null
  }

  // Data in

  receive(bytes, report) {
    this.report = report
    this.ink = inkOf(this.host)
    if (!this.bytes || !sameBytes(bytes, this.bytes)) this.take(bytes)
    this.dots = null
    this.redraw()
    if (this.meeting.view) this.look(this.meeting.view)
  }

  take(bytes) {
    this.bytes = bytes
    const { header, arrays } = unpacked(bytes)
    Object.assign(this, { header, codes: arrays.codes, labels: arrays.labels, images: arrays.images })
    this.latents = header.arrays.codes[1][1]
    this.members = membersOf(this.labels, header.classes.length)
    this.decoder = arrays.decoder ? new Decoder(arrays.decoder) : null
    this.lattice = this.decoder && new Lattice(this.decoder)
    const [, , height, width] = header.arrays.images[1]
    this.picture = new ImageData(width, height)
    this.view = this.seen = null
    this.meeting = meetingOf(header.key)
    this.meeting.map = this
    this.find(".decoded").hidden = !this.decoder
    this.find(".note").hidden = Boolean(this.decoder)
    this.find(".note").textContent =
      "This decoder is too large to follow the pointer in the browser: click, and the server decodes the picture."
    this.writeLegend()
  }

  /** Takes a view in, unless it belongs to another scene that is yet to come. */
  look(view) {
    const text = JSON.stringify(view)
    if (view.z.length !== this.latents || text === this.seen) return
    const before = this.view
    this.view = view
    this.seen = text
    this.cloud = view.axes === null
    this.flat = !this.cloud && view.names[1] === ""
    if (!before || before.lattice !== view.lattice) this.find(".switch").checked = view.lattice
    this.find(".loop").hidden = !this.decoder || this.cloud || this.flat
    this.find(".reset").hidden = !this.cloud
    this.find(".over").classList.toggle("turning", this.cloud)
    if (String(before?.axes) !== String(view.axes)) {
      this.cursor = this.nearest = null
      this.plane = this.cloud ? null : planeOf(this.codes, this.latents, view.axes, this.flat)
    }
    this.writeLabel()
    this.resize()
  }

  /** The part of the plane that is seen: all points, z and the posterior. */
  boxNow() {
    const [z, { prior, ellipse }] = [this.zPlace(), this.view]
    const box = boxOf(this.plane, prior, this.flat)
    const include = (x, y) => {
      box[0] = Math.min(box[0], x)
      box[1] = Math.max(box[1], x)
      if (!this.flat) [box[2], box[3]] = [Math.min(box[2], y), Math.max(box[3], y)]
    }
    include(z.x, z.y)
    if (ellipse) for (const sign of [-2, 2]) include(...ellipse[0].map((mean, at) => mean + sign * ellipse[1][at]))
    return box
  }

  zPlace() {
    const [across, up] = this.view.axes
    return { x: this.view.z[across], y: this.flat ? 0 : this.view.z[up] }
  }

  /** z with the two axes moved to a place. */
  codeAt({ x, y }) {
    const code = Float32Array.from(this.view.z)
    const [across, up] = this.view.axes
    if (!this.flat) code[up] = y
    code[across] = x
    return code
  }

  // Where the pointer is

  /** The place in the plane of a pixel, within the map. */
  codePlace(x, y) {
    const { scale } = this
    return this.clamped({ x: (x - scale.x(0)) / scale.unit, y: (scale.y(0) - y) / scale.unit })
  }

  clamped({ x, y }) {
    const { scale, area } = this
    const edge = (at, from) => (at - from) / scale.unit
    const within = (value, low, high) => Math.max(low, Math.min(high, value))
    const [x0, y0] = [scale.x(0), scale.y(0)]
    const height = this.flat ? 0 : within(y, edge(y0, area.bottom), edge(y0, area.top))
    return { x: within(x, edge(area.left, x0), edge(area.right, x0)), y: height }
  }

  moveTo(place) {
    this.cursor = place
    this.wake()
  }

  turnTo(yaw, pitch) {
    this.turn = { yaw, pitch: Math.max(-Math.PI / 2, Math.min(Math.PI / 2, pitch)) }
    this.redraw()
  }

  lookInCloud(x, y) {
    const point = nearestOf(this.spots.places, x, y)
    if (point === this.nearest) return
    this.nearest = point
    this.wake()
  }

  /** Looks at z again. */
  leave() {
    this.cursor = null
    if (this.cloud) this.nearest = null
    this.wake()
  }

  /** Reports the cursor's place; nothing else ever asks the server for anything. */
  pick() {
    if (this.cloud) return
    const { x, y } = this.cursor ?? this.zPlace()
    this.report("picked", { x, y })
  }

  // Drawing

  redraw() {
    this.stale = true
    this.wake()
  }

  /** Asks for one drawing; while nothing moves and no lattice is unfinished, nothing runs. */
  wake() {
    if (this.view && !this.asked) this.asked = requestAnimationFrame(() => this.tick())
  }

  tick() {
    this.asked = 0
    if (!this.area) return
    if (this.stale) this.drawPoints()
    this.drawPictures()
    this.drawOver()
    if (this.stale || this.unfinished) this.unfinished = this.drawLattice()
    this.stale = false
    if (this.unfinished) this.wake()
  }

  resize() {
    if (!this.view) return
    const width = this.find(".panels").clientWidth
    if (!width) return
    const map = this.find(".map")
    const beside = (this.header.height - CAPTIONS) / (this.decoder ? 2 : 1)
    const wide = width - Math.min(240, beside) >= LEAST_MAP
    this.find(".panels").classList.toggle("beside", wide)
    const room = wide ? beside : (width - 16) / 2
    this.host.style.setProperty("--picture", `${Math.floor(Math.max(64, Math.min(wide ? 240 : 160, room)))}px`)
    const tall = wide ? this.header.height : Math.min(this.header.height, map.clientWidth)
    map.style.height = `${tall}px`
    this.width = map.clientWidth
    this.height = tall
    this.scale = this.cloud ? null : mapScale(this.boxNow(), this.width, tall)
    this.area = this.cloud ? { left: 0, top: 0, right: this.width, bottom: tall } : this.scale.area
    this.dots = null
    this.redraw()
  }

  layer(selector) {
    return contextOf(this.find(selector), this.width, this.height)
  }

  tiled() {
    return !this.find(".loop").hidden && this.find(".switch").checked
  }

  /** Draws what is decoded so far; says whether more is to come. */
  drawLattice() {
    const context = this.layer(".tiles")
    if (!this.tiled()) return false
    const [across, up] = this.view.axes
    const rest = this.view.z.filter((_, latent) => latent !== across && latent !== up)
    const key = JSON.stringify([this.view.axes, rest, this.scale.x(0), this.scale.y(0), this.scale.unit, this.area])
    this.lattice.aim(key, this.area, (x, y) => this.codeAt(this.codePlace(x, y)))
    const more = this.lattice.work()
    this.lattice.draw(context, this.area)
    return more
  }

  drawPoints() {
    const context = this.layer(".points")
    const { colours, no_class, classes } = this.header
    const { names, prior } = this.view
    const radius = Math.max(2, Math.min(4.5, 0.17 * Math.sqrt((this.width * this.height) / this.labels.length)))
    const onPictures = this.tiled()
    const seam = onPictures ? { paper: "transparent" } : this.ink
    this.dots ??= dotsOf([...colours, no_class], onPictures ? 0.75 * radius : radius, seam)
    const looked = this.looked ?? this.pinned
    if (this.cloud) {
      const scale = cloudScale(this.codes, prior, this.turn, this.width, this.height)
      this.scale = scale
      this.spots = cloudPlaces(this.codes, scale)
      drawCloudAxes(context, scale, names, prior, this.ink)
      drawCloud(context, this.spots, this.labels, this.dots, looked)
      drawNames(context, this.spots.places, this.members, classes, this.ink)
      return
    }
    drawMapAxes(context, this.scale, this.ink, names, prior)
    this.spots = { places: this.onScreen() }
    const { left, top, right, bottom } = this.area
    context.save()
    context.beginPath()
    context.rect(left, top, right - left, bottom - top)
    context.clip()
    if (this.view.density && !onPictures) drawDensity(context, this.spots.places, this.area, this.ink)
    drawPoints(context, this.spots.places, this.labels, this.dots, looked)
    if (prior) drawPriorNames(context, this.scale, this.ink, this.flat)
    drawNames(context, this.spots.places, this.members, classes, this.ink)
    context.restore()
  }

  /** Pixels of the plane's points; those of a single number are spread over the height, which means nothing there. */
  onScreen() {
    const { scale, area } = this
    this.lift ??= normals(4096)
    const lifted = (point) => scale.y(0) + ((area.bottom - area.top) / 8) * Math.tanh(this.lift[point % 4096])
    return this.plane.map((value, at) => (at % 2 === 0 ? scale.x(value) : this.flat ? lifted(at >> 1) : scale.y(value)))
  }

  drawOver() {
    const context = this.layer(".over")
    const { view, ink, scale } = this
    const spot = (point) => ({ x: this.spots.places[2 * point], y: this.spots.places[2 * point + 1] })
    if (this.cloud) {
      const z = scale.at(...view.z)
      if (view.direction) drawArrow(context, z, scale.at(...view.z.map((value, at) => value + view.direction[at])), ink)
      drawCross(context, { left: z.x, bottom: z.y }, z.x, z.y, ink)
      if (this.nearest !== null) drawRing(context, spot(this.nearest), ink)
      return
    }
    const pixel = ({ x, y }) => ({ x: scale.x(x), y: scale.y(y) })
    const z = this.zPlace()
    if (view.ellipse && !this.flat) drawEllipse(context, scale, view.ellipse, ink)
    if (view.direction) {
      const moved = (axis) => view.z[axis] + view.direction[axis]
      const [across, up] = view.axes
      drawArrow(context, pixel(z), pixel({ x: moved(across), y: this.flat ? 0 : moved(up) }), ink)
    }
    drawCross(context, this.area, pixel(z).x, pixel(z).y, ink)
    if (this.cursor) drawCursor(context, pixel(this.cursor), spot(this.nearest), ink)
  }

  /** The picture under the pointer (or at z) and the real image that is nearest to it. */
  drawPictures() {
    const place = this.cloud ? null : (this.cursor ?? this.zPlace())
    // under the pointer the plane is what one sees; at rest z is known in all its dimensions
    if (!this.cloud) this.nearest = this.cursor ? closest(this.plane, [place.x, place.y]) : closest(this.codes, this.view.z)
    const real = this.cloud ? (this.nearest ?? closest(this.codes, this.view.z)) : this.nearest
    const code = this.cloud ? (this.nearest === null ? this.view.z : this.codeOf(real)) : this.codeAt(place)
    if (this.decoder) put(this.find(".decoded canvas"), this.decoder.decode(code))
    if (real !== this.real) {
      const [, channels, height, width] = this.header.arrays.images[1]
      const first = real * channels * height * width
      paint(this.picture, (at) => this.images[first + at], channels)
      put(this.find(".nearest canvas"), this.picture)
      this.real = real
    }
    this.writePictures(code, real)
  }

  codeOf(point) {
    return this.codes.subarray(point * this.latents, (point + 1) * this.latents)
  }

  // Words

  writeLegend() {
    const { classes, colours } = this.header
    this.pinned = this.looked = this.real = null
    const items = classes.map((name, label) => {
      const button = legendButton(name, colours[label % colours.length])
      button.onpointerenter = button.onfocus = () => this.light(label, this.pinned)
      button.onpointerleave = button.onblur = () => this.light(null, this.pinned)
      button.onclick = () => this.light(this.looked, this.pinned === label ? null : label)
      return madeOf("li", button)
    })
    this.find(".legend").replaceChildren(...items)
  }

  light(looked, pinned) {
    Object.assign(this, { looked, pinned })
    this.find(".legend").querySelectorAll("button").forEach((button, index) => {
      button.setAttribute("aria-pressed", String(index === pinned))
    })
    this.redraw()
  }

  writeLabel() {
    const { alt } = this.header
    const names = this.view.names.filter(Boolean).join(", ")
    const how = this.cloud ? "arrow keys turn it" : "arrow keys move the cursor, Enter sets the code to it"
    const label = `${alt}: latent map of ${countText(this.labels.length)} held-out images over ${names}, coloured by class; ${how}`
    this.find(".over").setAttribute("aria-label", label)
  }

  writePictures(code, real) {
    const { axes, names } = this.view
    const onAxes = this.cloud ? [...code] : axes.slice(0, this.flat ? 1 : 2).map((axis) => code[axis])
    const where = onAxes.map((value, at) => `${names[at]} = ${numberText(value, 2)}`).join(", ")
    const name = this.header.classes[this.labels[real]] ?? "no class"
    const away = this.cursor !== null || (this.cloud && this.nearest !== null)
    const decoded = away ? (this.cloud ? "decoded from its code" : "decoded here") : "decoded at z"
    if (`${where}${name}${decoded}` === this.written) return
    this.written = `${where}${name}${decoded}`
    this.find(".spot").textContent = where
    this.find(".decoded figcaption").textContent = decoded
    this.find(".nearest figcaption").replaceChildren("nearest image: ", madeOf("b", name))
    this.find(".decoded canvas").setAttribute("aria-label", `picture ${decoded}, ${where}`)
    this.find(".nearest canvas").setAttribute("aria-label", `the nearest held-out image, ${name}`)
  }
}

const maps = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  let map = maps.get(parentElement)
  if (!map) {
    map = new LatentMap(parentElement)
    maps.set(parentElement, map)
  }
  map.receive(data, setTriggerValue)
  return () => {
    map.close()
    maps.delete(parentElement)
  }
}
