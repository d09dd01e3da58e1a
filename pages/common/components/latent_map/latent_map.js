// The latent map: it receives the scene and the view, follows the pointer, and draws only when something changed.

import { sameBytes, unpacked } from "../shared/blocks.js"
import { contextOf, themeOf } from "../shared/canvas.js"
import { channelOf } from "../shared/channel.js"
import { Decoder } from "../shared/decoder.js"
import { made } from "../shared/elements.js"
import { Legend } from "../shared/legend.js"
import { mounted } from "../shared/mount.js"
import { clamp, countText, numberText } from "../shared/numbers.js"
import { paint, putPicture } from "../shared/pictures.js"
import { boxOf, mapScale, nearestRow, planeOf, pointAt } from "../shared/plane.js"
import { Redrawn } from "../shared/redraw.js"
import { Scatter } from "../shared/scatter.js"
import { drawCloud, FIRST_TURN } from "./cloud.js"
import { Lattice } from "./lattice.js"
import { drawArrow, drawCross, drawCursor, drawDensity, drawEllipse, drawRing } from "./overlay.js"
import { Pointer } from "./pointer.js"
import { cloudPlaces, cloudScale } from "./projection.js"

const LEAST_MAP = 340
const CAPTIONS = 84

class LatentMap extends Redrawn {
  constructor(root) {
    super(root, ".panels")
    this.cursor = this.nearest = this.real = null
    this.scatter = new Scatter({ share: 0.17, least: 2, most: 4.5 })
    this.legend = new Legend(this.find(".legend"), () => this.redraw())
    this.turn = { ...FIRST_TURN }
    this.stale = true
    this.pointer = new Pointer(this, this.find(".over"))
    this.find(".switch").onchange = () => this.resize()
    this.find(".reset").onclick = () => this.turnTo(FIRST_TURN.yaw, FIRST_TURN.pitch)
  }

  close() {
    super.close()
    if (this.channel?.scene === this) this.channel.scene = null
  }

  // Data in

  receive(bytes, { setTriggerValue }) {
    this.setTriggerValue = setTriggerValue
    this.theme = themeOf(this.host)
    if (!this.bytes || !sameBytes(bytes, this.bytes)) this.load(bytes)
    this.scatter.reset()
    this.redraw()
    if (this.channel.view) this.look(this.channel.view)
  }

  load(bytes) {
    this.bytes = bytes
    const { header, arrays } = unpacked(bytes)
    Object.assign(this, { header, codes: arrays.codes, labels: arrays.labels, images: arrays.images })
    this.latents = header.arrays.codes[1][1]
    this.scatter.load(header, arrays.labels)
    this.decoder = arrays.decoder ? new Decoder(arrays.decoder) : null
    this.lattice = this.decoder && new Lattice(this.decoder)
    const [, , height, width] = header.arrays.images[1]
    this.picture = new ImageData(width, height)
    this.view = this.seen = this.real = null
    this.channel = channelOf(header.key)
    this.channel.scene = this
    this.find(".decoded").hidden = !this.decoder
    this.find(".note").hidden = Boolean(this.decoder)
    this.find(".note").textContent =
      "This decoder is too large to follow the pointer in the browser: click, and the server decodes the picture."
    this.legend.write(header.classes, header.colours)
  }

  /** Receives a view, unless it belongs to another scene that has not arrived yet. */
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

  /** The visible part of the plane: all points, z and the posterior. */
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

  /** z with its values on the two axes replaced by a position. */
  codeAt({ x, y }) {
    const code = Float32Array.from(this.view.z)
    const [across, up] = this.view.axes
    if (!this.flat) code[up] = y
    code[across] = x
    return code
  }

  // The pointer

  /** The position in the plane of a pixel, clamped to the map. */
  codePlace(x, y) {
    const { scale } = this
    return this.clamped({ x: (x - scale.x(0)) / scale.unit, y: (scale.y(0) - y) / scale.unit })
  }

  clamped({ x, y }) {
    const { scale, area } = this
    const edge = (at, from) => (at - from) / scale.unit
    const [x0, y0] = [scale.x(0), scale.y(0)]
    const height = this.flat ? 0 : clamp(y, edge(y0, area.bottom), edge(y0, area.top))
    return { x: clamp(x, edge(area.left, x0), edge(area.right, x0)), y: height }
  }

  moveTo(place) {
    this.cursor = place
    this.wake()
  }

  turnTo(yaw, pitch) {
    this.turn = { yaw, pitch: clamp(pitch, -Math.PI / 2, Math.PI / 2) }
    this.redraw()
  }

  lookInCloud(x, y) {
    const point = pointAt(this.scatter.places, x, y)
    if (point === this.nearest) return
    this.nearest = point
    this.wake()
  }

  /** Shows z again. */
  leave() {
    this.cursor = null
    if (this.cloud) this.nearest = null
    this.wake()
  }

  /** Reports the cursor's position. Nothing else ever sends anything to the server. */
  pick() {
    if (this.cloud) return
    const { x, y } = this.cursor ?? this.zPlace()
    this.setTriggerValue("picked", { x, y })
  }

  // Drawing

  redraw() {
    this.stale = true
    this.wake()
  }

  /** Draws again until the lattice is finished. */
  draw() {
    if (!this.view || !this.area) return
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
    this.scatter.reset()
    this.redraw()
  }

  layer(selector) {
    return contextOf(this.find(selector), this.width, this.height)
  }

  tiled() {
    return !this.find(".loop").hidden && this.find(".switch").checked
  }

  /** Draws what is decoded so far; returns whether there is more to decode. */
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
    const { scatter, theme } = this
    const { names, prior, density } = this.view
    const highlighted = this.legend.highlighted
    if (this.cloud) {
      this.scale = cloudScale(this.codes, prior, this.turn, this.width, this.height)
      drawCloud(context, scatter, cloudPlaces(this.codes, this.scale), this.scale, theme, { names, prior, highlighted })
      return
    }
    const onPictures = this.tiled()
    const shaded = density && !onPictures
    const under = (places) => shaded && drawDensity(context, places, this.area, theme)
    scatter.drawMap(context, this.plane, this.scale, theme, { names, prior, highlighted, onPictures, under })
  }

  drawOver() {
    const context = this.layer(".over")
    const { view, theme, scale, scatter } = this
    if (this.cloud) {
      const z = scale.at(...view.z)
      if (view.direction)
        drawArrow(context, z, scale.at(...view.z.map((value, at) => value + view.direction[at])), theme)
      drawCross(context, { left: z.x, bottom: z.y }, z.x, z.y, theme)
      if (this.nearest !== null) drawRing(context, scatter.placeOf(this.nearest), theme)
      return
    }
    const pixel = ({ x, y }) => ({ x: scale.x(x), y: scale.y(y) })
    const z = this.zPlace()
    if (view.ellipse && !this.flat) drawEllipse(context, scale, view.ellipse, theme)
    if (view.direction) {
      const moved = (axis) => view.z[axis] + view.direction[axis]
      const [across, up] = view.axes
      drawArrow(context, pixel(z), pixel({ x: moved(across), y: this.flat ? 0 : moved(up) }), theme)
    }
    drawCross(context, this.area, pixel(z).x, pixel(z).y, theme)
    if (this.cursor) drawCursor(context, pixel(this.cursor), scatter.placeOf(this.nearest), theme)
  }

  /** The picture under the pointer (or at z) and the real image that is nearest to it. */
  drawPictures() {
    const place = this.cloud ? null : (this.cursor ?? this.zPlace())
    // under the pointer, distances count in the visible plane; at rest, z is known in all its dimensions
    if (!this.cloud)
      this.nearest = this.cursor ? nearestRow(this.plane, [place.x, place.y]) : nearestRow(this.codes, this.view.z)
    const real = this.cloud ? (this.nearest ?? nearestRow(this.codes, this.view.z)) : this.nearest
    const code = this.cloud ? (this.nearest === null ? this.view.z : this.codeOf(real)) : this.codeAt(place)
    if (this.decoder) putPicture(this.find(".decoded canvas"), this.decoder.decode(code))
    if (real !== this.real) {
      const [, channels, height, width] = this.header.arrays.images[1]
      const first = real * channels * height * width
      paint(this.picture, (at) => this.images[first + at], channels)
      putPicture(this.find(".nearest canvas"), this.picture)
      this.real = real
    }
    this.writePictures(code, real)
  }

  codeOf(point) {
    return this.codes.subarray(point * this.latents, (point + 1) * this.latents)
  }

  // Words

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
    this.find(".nearest figcaption").replaceChildren("nearest image: ", made("b", "", name))
    this.find(".decoded canvas").setAttribute("aria-label", `picture ${decoded}, ${where}`)
    this.find(".nearest canvas").setAttribute("aria-label", `the nearest held-out image, ${name}`)
  }
}

export default mounted(LatentMap)
