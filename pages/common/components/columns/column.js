// A column of the comparison: its own elements, its frames, its decoder.

import { drawSmallKl } from "../shared/bars.js"
import { contextOf, lineAt } from "../shared/canvas.js"
import { Decoder } from "../shared/decoder.js"
import { imageCanvas, made } from "../shared/elements.js"
import { mixed } from "../shared/numbers.js"
import { drawRows, putPicture, rowsLayout, stripOf } from "../shared/pictures.js"
import { mapScale } from "../shared/plane.js"
import { drawPrior, Scatter } from "../shared/scatter.js"
import { moved, onPlane, ownCode } from "./shared_code.js"
import { atStep } from "./timeline.js"

/** Inputs above reconstructions. */
const PICTURE_ROWS = 2
const MOST_PICTURES = 260
const MARGINS = { left: 6, top: 6, right: 6, bottom: 6 }

export class Column {
  constructor(index, header, arrays) {
    const about = header.columns[index]
    Object.assign(this, { header, about, steps: about.steps, latents: about.latents })
    const points = arrays.labels.length
    const part = (name, frame) => {
      const whole = arrays[`${name}${index}`]
      const count = whole && whole.length / about.steps.length
      return whole?.subarray(frame * count, (frame + 1) * count)
    }
    this.frames = about.steps.map((_, frame) => ({
      places: part("places", frame).subarray(0, 2 * points),
      kl: part("kl", frame),
      active: part("active", frame),
      pixels: part("reconstructions", frame),
    }))
    this.scatter = new Scatter({ share: 0.15, least: 1.2, most: 3.5 })
    this.scatter.load(header, arrays.labels)
    this.codes = arrays[`codes${index}`]
    this.plane = arrays[`plane${index}`]
    this.decoder = arrays[`decoder${index}`] ? new Decoder(arrays[`decoder${index}`]) : null
    this.build()
  }

  build() {
    const { title, note } = this.about
    this.note = made("p", "", note)
    this.note.title = note
    const heading = made("h4", "", title)
    heading.title = title
    this.map = made("div", "map", imageCanvas())
    const parts = [made("header", "", heading, this.note), this.map]
    if (this.decoder) {
      this.real = imageCanvas()
      this.picture = imageCanvas()
      this.pair = made("div", "pair", this.real, this.picture)
      this.words = made("p", "words")
      parts.push(this.pair, this.words)
    }
    const [{ pixels, kl }] = this.frames
    this.rows = pixels && made("div", "rows", imageCanvas())
    this.bars = kl && made("div", "kl", imageCanvas())
    parts.push(...[this.rows, this.bars].filter(Boolean))
    this.element = made("section", "column", ...parts)
  }

  /** What to show at a step; `from` is what was shown before a new frame arrived. */
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

  /** Converts a shared code to this model's own dimensions. */
  own(code) {
    return ownCode(code, this.about.order, this.latents)
  }

  /** The position on this map of a code in this model's own dimensions. */
  placeOf(own) {
    return onPlane(own, this.plane)
  }

  /** Moves a shared code within this map's plane to a position. */
  moved(code, place) {
    return moved(code, place, this.about.order, this.plane)
  }

  codeOfImage(image) {
    return this.codes.subarray(image * this.latents, (image + 1) * this.latents)
  }

  decodeCode(own) {
    putPicture(this.picture, this.decoder.decode(own))
  }

  resize(side, bars) {
    this.map.style.height = `${side}px`
    if (this.bars) this.bars.style.height = `${bars}px`
    if (this.rows) {
      const [count, , height, width] = this.header.arrays.inputs[1]
      this.layout = rowsLayout(count, height, width, this.element.clientWidth, MOST_PICTURES, PICTURE_ROWS)
      this.rows.style.height = `${this.layout.height}px`
    }
    this.scatter.reset()
  }

  draw(now, highlighted, inputs, theme, flat) {
    this.drawMap(now, highlighted, theme, flat)
    if (this.rows && now.strip) {
      const context = contextOf(this.rows.firstChild, this.rows.clientWidth, this.rows.clientHeight)
      drawRows(context, this.layout, this.header.arrays.inputs[1], inputs, now.strip, now.strip, 0, theme)
    }
    if (this.bars && now.kl) {
      const [width, height] = [this.bars.clientWidth, this.bars.clientHeight]
      const context = contextOf(this.bars.firstChild, width, height)
      drawSmallKl(context, width, height, now.kl, now.active, this.header.most, theme)
    }
  }

  drawMap(now, highlighted, theme, flat) {
    const [width, height] = [this.map.clientWidth, this.map.clientHeight]
    const context = contextOf(this.map.firstChild, width, height)
    this.scale = mapScale(this.header.box, width, height, MARGINS)
    drawZeroLines(context, this.scale, theme, flat)
    if (this.about.prior) drawPrior(context, this.scale, theme, flat)
    this.scatter.place(now.places, this.scale, flat)
    this.scatter.stampsFor(this.scale, theme)
    this.scatter.drawPoints(context, highlighted)
  }

  drawMarkAt([x, y], flat, theme) {
    drawMark(this.map.firstChild.getContext("2d"), this.scale.x(x), this.scale.y(flat ? 0 : y), theme)
  }

  label(text) {
    this.map.firstChild.setAttribute("aria-label", `${this.about.title}: ${text}`)
    this.rows?.firstChild.setAttribute("aria-label", `${this.about.title}: inputs above reconstructions`)
    this.bars?.firstChild.setAttribute("aria-label", `${this.about.title}: KL divergence of each dimension`)
  }
}

function drawZeroLines(context, { area, x, y }, theme, flat) {
  context.strokeStyle = theme.text
  context.lineWidth = 1
  context.globalAlpha = 0.2
  lineAt(context, x(0), area.top, x(0), area.bottom)
  if (!flat) lineAt(context, area.left, y(0), area.right, y(0))
  context.globalAlpha = 1
}

function drawMark(context, x, y, theme) {
  for (const [style, width] of [
    [theme.paper, 4],
    [theme.text, 1.75],
  ]) {
    context.strokeStyle = style
    context.lineWidth = width
    context.beginPath()
    context.arc(x, y, 6, 0, 2 * Math.PI)
    context.stroke()
  }
}
