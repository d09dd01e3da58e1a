// A comparison: columns that play together, and a pointer that all of them follow.

import { sameBytes, unpacked } from "../shared/blocks.js"
import { placeOf, themeOf } from "../shared/canvas.js"
import { channelOf } from "../shared/channel.js"
import { Legend } from "../shared/legend.js"
import { mounted } from "../shared/mount.js"
import { countText } from "../shared/numbers.js"
import { paint, putPicture, rowsOf } from "../shared/pictures.js"
import { nearestRow } from "../shared/plane.js"
import { Player, TWEEN_MS } from "../shared/player.js"
import { Column } from "./column.js"
import { timelineOf } from "./timeline.js"

const HIGHEST = 260
const BARS = 74
const NARROW = 150

class Comparison extends Player {
  constructor(root) {
    super(root, ".grid")
    this.box = this.find(".columns")
    this.columns = []
    this.pointed = this.cursor = null
    this.legend = new Legend(this.find(".legend"), () => this.wake())
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
    this.resize()
  }

  load(bytes) {
    this.bytes = bytes
    const before = this.columns.length ? this.columns.map((column) => column.now) : null
    const { header, arrays } = unpacked(bytes)
    const again = this.header?.film === header.film
    Object.assign(this, { header, labels: arrays.labels, images: arrays.images, flat: header.flat })
    this.columns = header.columns.map((_, index) => new Column(index, header, arrays))
    this.inputs = arrays.inputs && rowsOf(arrays, header.arrays.inputs[1])
    this.timeline = timelineOf(header.columns)
    this.film = header.mode === "film" && this.timeline.length > 1
    this.from = before && again && !this.film && !this.still() ? before : null
    this.since = this.from ? performance.now() : -Infinity
    if (!again) this.position = this.end
    this.position = Math.min(this.position, this.end)
    this.pointed = this.cursor = null
    this.channel = channelOf(header.key)
    this.channel.scene = this
    this.view = this.channel.view
    this.build()
  }

  /** Builds the elements of all columns, and what is below them. */
  build() {
    const { columns, header } = this
    const grid = this.find(".grid")
    grid.style.setProperty("--columns", columns.length)
    grid.style.setProperty("--narrow", Math.min(columns.length, 3))
    grid.replaceChildren(...columns.map((column) => column.element))
    this.box.setAttribute("aria-label", header.alt)
    this.find(".player").hidden = !this.film
    this.find(".scrub").max = this.end
    this.legend.write(header.classes, header.colours)
    for (const column of header.pick ? columns : []) this.follow(column)
  }

  /** Receives the view: the code z, and the selected image. */
  look(view) {
    this.view = view
    this.wake()
  }

  // The pointer

  follow(column) {
    const map = column.map
    map.classList.add("picks")
    map.tabIndex = 0
    map.onpointermove = (event) => this.pointAt(column, event)
    map.onpointerleave = () => this.pointAt(column, null)
    map.onclick = (event) => {
      this.pointAt(column, event)
      if (this.pointed !== null) this.setTriggerValue("picked", { image: this.pointed })
      else if (this.cursor) this.setTriggerValue("picked", { z: [...this.cursor] })
    }
  }

  pointAt(column, event) {
    this.pointed = this.cursor = null
    const { places } = column.scatter
    if (event && places && this.view) {
      const { x, y } = placeOf(event, column.map)
      if (this.header.pick === "image") this.pointed = nearestRow(places, [x, y])
      else {
        const { scale } = column
        const place = [(x - scale.x(0)) / scale.unit, this.flat ? 0 : (scale.y(0) - y) / scale.unit]
        this.cursor = column.moved(Float32Array.from(this.view.z), place)
      }
    }
    this.wake()
  }

  // Time

  get end() {
    return this.timeline.length - 1
  }

  stepNow() {
    const index = Math.floor(this.position)
    const next = Math.min(index + 1, this.end)
    return this.timeline[index] + (this.timeline[next] - this.timeline[index]) * (this.position - index)
  }

  // Drawing

  resize() {
    if (!this.header) return
    const width = this.columns[0]?.element.clientWidth
    if (!width) return
    const side = Math.min(HIGHEST, Math.max(width, Math.min(NARROW, width)))
    for (const column of this.columns) column.resize(side, BARS)
    this.wake()
  }

  draw() {
    if (!this.columns[0]?.element.clientWidth) return
    const step = this.film ? this.stepNow() : Infinity
    const share = (performance.now() - this.since) / TWEEN_MS
    if (share >= 1) this.from = null
    this.columns.forEach((column, index) => {
      column.now = column.shownAt(step, this.from?.[index], share)
      column.draw(column.now, this.legend.highlighted, this.inputs, this.theme, this.flat)
      column.label(`latent map of ${this.labels.length} held-out images at step ${countText(column.now.step)}`)
      if (this.header.pick && this.view) this.drawPointed(column)
    })
    this.find(".scrub").value = this.position
    const last = this.timeline[this.end]
    this.find(".where").textContent = `step ${countText(Math.round(Math.min(step, last)))} of ${countText(last)}`
  }

  /** Marks the selected image or code on each map, and decodes it below. */
  drawPointed(column) {
    const imageMode = this.header.pick === "image"
    const image = Math.min(this.pointed ?? this.view.image, this.labels.length - 1)
    const own = imageMode ? column.codeOfImage(image) : column.own(this.cursor ?? this.view.z)
    column.drawMarkAt(column.placeOf(own), this.flat, this.theme)
    if (!column.decoder) return
    column.decodeCode(own)
    column.pair.classList.toggle("one", !imageMode)
    column.real.hidden = !imageMode
    if (imageMode) this.putReal(column, image)
    const name = this.header.classes[this.labels[image]] ?? "no class"
    const words = imageMode ? `test image ${image}: ${name}` : this.cursor ? "decoded here" : "decoded at z"
    if (column.words.textContent === words) return
    column.words.textContent = words
    column.picture.setAttribute("aria-label", `${column.about.title}: ${words}, decoded`)
  }

  putReal(column, image) {
    if (column.image === image) return
    column.image = image
    const [, channels, height, width] = this.header.arrays.images[1]
    const picture = new ImageData(width, height)
    const first = image * channels * height * width
    paint(picture, (at) => this.images[first + at], channels)
    putPicture(column.real, picture)
    column.real.setAttribute("aria-label", `test image ${image}`)
  }
}

export default mounted(Comparison)
