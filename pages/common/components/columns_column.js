// A column of the comparison: its own elements, its frames, its decoder.

/** Lines of pictures: inputs above reconstructions. */
const ROWS_OF_COLUMN = 2

function canvasWith(label) {
  const canvas = document.createElement("canvas")
  canvas.setAttribute("role", "img")
  canvas.setAttribute("aria-label", label)
  return canvas
}

function divOf(name, ...contents) {
  const box = madeOf("div", ...contents)
  box.className = name
  return box
}

class Column {
  constructor(index, header, arrays) {
    const about = header.columns[index]
    Object.assign(this, { index, header, about, steps: about.steps, latents: about.latents })
    const points = arrays.labels.length
    const part = (name, frame) => {
      const whole = arrays[`${name}${index}`]
      const count = whole && whole.length / about.steps.length
      return whole && whole.subarray(frame * count, (frame + 1) * count)
    }
    this.frames = about.steps.map((_, frame) => ({
      places: part("places", frame).subarray(0, 2 * points),
      kl: part("kl", frame),
      active: part("active", frame),
      pixels: part("reconstructions", frame),
    }))
    this.codes = arrays[`codes${index}`]
    this.plane = arrays[`plane${index}`]
    this.decoder = arrays[`decoder${index}`] ? new Decoder(arrays[`decoder${index}`]) : null
    this.build()
  }

  build() {
    const { title, note } = this.about
    this.note = madeOf("p", note)
    this.note.title = note
    const heading = madeOf("h4", title)
    heading.title = title
    this.map = divOf("map", canvasWith(""))
    const parts = [madeOf("header", heading, this.note), this.map]
    if (this.decoder) {
      this.real = canvasWith("")
      this.picture = canvasWith("")
      this.pair = divOf("pair", this.real, this.picture)
      this.words = madeOf("p")
      this.words.className = "words"
      parts.push(this.pair, this.words)
    }
    if (this.frames[0].pixels) parts.push((this.rows = divOf("rows", canvasWith(""))))
    if (this.frames[0].kl) parts.push((this.bars = divOf("kl", canvasWith(""))))
    this.element = madeOf("section", ...parts)
    this.element.className = "column"
  }

  /** What is to be seen at a step; `from` is what was seen before a new frame came. */
  shownAt(step, from, share) {
    const { index, next, share: between } = atStep(this.steps, step)
    const [a, b] = [this.frames[index], this.frames[next]]
    const now = {
      step: Math.round(this.steps[index] + (this.steps[next] - this.steps[index]) * between),
      places: mixed(a.places, b.places, between),
      kl: a.kl && b.kl && mixed(a.kl, b.kl, between),
      active: (between < 0.5 ? a : b).active,
      strip: this.stripOf(between < 0.5 ? a : b),
    }
    if (!from || from.places.length !== now.places.length || share >= 1) return now
    return { ...now, places: mixed(from.places, now.places, share) }
  }

  stripOf(frame) {
    if (frame.pixels) frame.strip ??= stripOf(frame.pixels, this.header.arrays.inputs[1])
    return frame.strip
  }

  /** A code that all columns share, in this model's own dimensions. */
  own(code) {
    const { order } = this.about
    const mine = new Float32Array(this.latents)
    for (let at = 0; at < this.latents; at++) mine[order ? order[at] : at] = code[at] ?? 0
    return mine
  }

  /** The place of a code, in this model's own dimensions, on this map. */
  placeOf(own) {
    let [x, y] = [0, 0]
    for (let at = 0; at < this.latents; at++) {
      x += this.plane[2 * at] * own[at]
      y += this.plane[2 * at + 1] * own[at]
    }
    return [x, y]
  }

  /** A code that all columns share, moved within this map's plane so that it stands at a place. */
  moved(code, x, y) {
    const own = this.own(code)
    const [x0, y0] = this.placeOf(own)
    const { order } = this.about
    return code.map((value, at) => {
      const mine = order ? order[at] : at
      return at < this.latents ? own[mine] + this.plane[2 * mine] * (x - x0) + this.plane[2 * mine + 1] * (y - y0) : value
    })
  }

  codeOfImage(image) {
    return this.codes.subarray(image * this.latents, (image + 1) * this.latents)
  }

  decodeCode(own) {
    put(this.picture, this.decoder.decode(own))
  }

  resize(side, bars) {
    this.map.style.height = `${side}px`
    if (this.bars) this.bars.style.height = `${bars}px`
    if (this.rows) {
      const [count, , height, width] = this.header.arrays.inputs[1]
      this.layout = rowsLayout(count, height, width, this.element.clientWidth, 260, ROWS_OF_COLUMN)
      this.rows.style.height = `${this.layout.height}px`
    }
    this.dots = null
  }

  draw(now, labels, looked, inputs, ink, flat) {
    this.drawMap(now, labels, looked, ink, flat)
    if (this.rows && now.strip) {
      const context = contextOf(this.rows.firstChild, this.rows.clientWidth, this.rows.clientHeight)
      drawRows(context, this.layout, this.header.arrays.inputs[1], inputs, now.strip, now.strip, 0, ink)
    }
    if (this.bars && now.kl) {
      const [width, height] = [this.bars.clientWidth, this.bars.clientHeight]
      const context = contextOf(this.bars.firstChild, width, height)
      drawSmallKl(context, width, height, now.kl, now.active, this.header.most, ink)
    }
  }

  drawMap(now, labels, looked, ink, flat) {
    const [width, height] = [this.map.clientWidth, this.map.clientHeight]
    const context = contextOf(this.map.firstChild, width, height)
    const { box, colours, no_class } = this.header
    const scale = smallScale(box, width, height)
    this.lift ??= normals(4096)
    const lifted = (point) => height / 2 + (height / 6) * Math.tanh(this.lift[point % 4096])
    this.spots = now.places.map((value, at) => (at % 2 === 0 ? scale.x(value) : flat ? lifted(at >> 1) : scale.y(value)))
    this.scale = scale
    drawSmallAxes(context, scale, ink, this.about.prior, flat)
    const radius = Math.max(1.2, Math.min(3.5, 0.15 * Math.sqrt((width * height) / labels.length)))
    this.dots ??= dotsOf([...colours, no_class], radius, ink)
    drawPoints(context, this.spots, labels, this.dots, looked)
  }

  drawMarkAt(place, flat, ink) {
    const y = flat ? this.map.clientHeight / 2 : this.scale.y(place[1])
    drawMark(this.map.firstChild.getContext("2d"), this.scale.x(place[0]), y, ink)
  }

  label(text) {
    this.map.firstChild.setAttribute("aria-label", `${this.about.title}: ${text}`)
    this.rows?.firstChild.setAttribute("aria-label", `${this.about.title}: inputs above reconstructions`)
    this.bars?.firstChild.setAttribute("aria-label", `${this.about.title}: KL divergence of each dimension`)
  }
}
