// Codes as coloured points: the latent map of the Train page, of Generate, and of each column of Compare.

import { drawAxes, linearTicks } from "./axes.js"
import { clipped, lineAt, outlinedText } from "./canvas.js"
import { made } from "./elements.js"
import { clamp, normals } from "./numbers.js"

/** The label of a point without a class. */
export const NO_LABEL = 255
/** One-dimensional codes are spread over the height by fixed noise, which has no meaning. */
const JITTER = normals(4096)

export class Scatter {
  /** The radius of a point is `share` of the space per point, from `least` to `most` pixels. */
  constructor({ share, least, most }) {
    this.radiusOf = ({ width, height }) => clamp(share * Math.sqrt((width * height) / this.labels.length), least, most)
  }

  /** Takes the points' labels and the header with `classes`, `colours` and `no_class`, the colour of unlabelled points. */
  load({ classes, colours, no_class }, labels) {
    Object.assign(this, { classes, labels, colours: [...colours, no_class] })
    this.members = classes.map(() => [])
    labels.forEach((label, point) => {
      this.members[label]?.push(point)
    })
    this.places = null
    this.reset()
  }

  /** Makes new stamps for the next drawing, after the theme or the size changed. */
  reset() {
    this.stamps = null
  }

  /** A dot of each colour, drawn once and stamped a thousand times. */
  stampsFor(scale, theme, shrink = 1) {
    this.stamps ??= stampsOf(this.colours, shrink * this.radiusOf(scale), theme)
    return this.stamps
  }

  stampOf(label) {
    const { images } = this.stamps
    return images[label === NO_LABEL ? images.length - 1 : label % (images.length - 1)]
  }

  /** The pixels of codes (x, y), kept as `places`. */
  place(codes, scale, flat) {
    const { top, bottom } = scale.area
    const jittered = (point) => scale.y(0) + ((bottom - top) / 8) * Math.tanh(JITTER[point % JITTER.length])
    this.places = codes.map((code, at) => (at % 2 === 0 ? scale.x(code) : flat ? jittered(at >> 1) : scale.y(code)))
  }

  placeOf(point) {
    return { x: this.places[2 * point], y: this.places[2 * point + 1] }
  }

  /** Draws the points in order; those of a highlighted class last, and only those in full colour. */
  drawPoints(context, highlighted) {
    const { labels, places } = this
    const { size } = this.stamps
    const stampAt = (point) =>
      context.drawImage(
        this.stampOf(labels[point]),
        places[2 * point] - size / 2,
        places[2 * point + 1] - size / 2,
        size,
        size,
      )
    const some = highlighted !== null
    context.globalAlpha = some ? 0.12 : 1
    for (let point = 0; point < labels.length; point++) if (!some || labels[point] !== highlighted) stampAt(point)
    context.globalAlpha = 1
    for (let point = 0; some && point < labels.length; point++) if (labels[point] === highlighted) stampAt(point)
  }

  /**
   * A map with its axes, the prior's circles, the points and the classes' names.
   *
   * `names` are those of the axes, the second one empty on a map of one latent. `under(places)` draws below the points,
   * `onPictures` makes them smaller and leaves out their rims.
   */
  drawMap(context, codes, scale, theme, { names, prior, highlighted, onPictures = false, under }) {
    const flat = names[1] === ""
    drawMapAxes(context, scale, theme, names, prior)
    this.place(codes, scale, flat)
    this.stampsFor(scale, onPictures ? { paper: "transparent" } : theme, onPictures ? 0.75 : 1)
    clipped(context, scale.area, () => {
      under?.(this.places)
      this.drawPoints(context, highlighted)
      if (prior) drawPriorNames(context, scale, theme, flat)
      this.drawNames(context, theme)
    })
  }

  /** The name of each class at the median of its points, where there is room for it. */
  drawNames(context, theme) {
    const { classes, places } = this
    const middles = this.members.map((points, label) => {
      const middle = (axis) => points.map((point) => places[2 * point + axis]).sort((a, b) => a - b)[points.length >> 1]
      return { name: classes[label], x: middle(0), y: middle(1), wide: Math.max(1, classes[label].length / 2.5) }
    })
    const named = middles.filter(({ x }) => x !== undefined)
    context.font = theme.letters(15, 600)
    for (const one of named) {
      const { name, x, y, wide } = one
      const others = named.filter((other) => other !== one)
      const room = Math.min(...others.map((other) => Math.hypot((x - other.x) / wide, y - other.y)))
      context.globalAlpha = clamp((room - 10) / 10, 0, 1)
      outlinedText(context, name, x, y, theme)
    }
    context.globalAlpha = 1
  }
}

function stampsOf(colours, radius, theme) {
  const ratio = window.devicePixelRatio || 1
  const size = Math.ceil(2 * (radius + 1.5))
  const images = colours.map((colour) => {
    const stamp = made("canvas")
    stamp.width = stamp.height = Math.ceil(size * ratio)
    const context = stamp.getContext("2d")
    context.scale(stamp.width / size, stamp.width / size)
    context.beginPath()
    context.arc(size / 2, size / 2, radius, 0, 2 * Math.PI)
    context.globalAlpha = 0.85
    context.fillStyle = colour
    context.fill()
    context.globalAlpha = 0.7
    context.lineWidth = 0.75
    context.strokeStyle = theme.paper
    context.stroke()
    return stamp
  })
  return { images, size }
}

function drawMapAxes(context, scale, theme, names, prior) {
  const { area, unit } = scale
  const flat = names[1] === ""
  const across = [area.left, area.right].map((pixel) => (pixel - scale.x(0)) / unit)
  const up = [area.bottom, area.top].map((pixel) => (scale.y(0) - pixel) / unit)
  const ticks = {
    x: linearTicks(across, area.right - area.left, 80),
    y: flat ? [] : linearTicks(up, area.bottom - area.top, 60),
  }
  drawAxes(context, scale, ticks, names, theme)
  if (prior) drawPrior(context, scale, theme, flat)
}

/** The prior N(0, I): circles at one and two standard deviations, or lines on a map of one latent. */
export function drawPrior(context, scale, theme, flat) {
  const { area, unit } = scale
  clipped(context, area, () => {
    context.strokeStyle = theme.text
    context.lineWidth = 1
    context.setLineDash([3, 4])
    context.globalAlpha = 0.5
    for (const radius of [1, 2]) {
      context.beginPath()
      if (flat) for (const x of [-radius, radius]) lineAt(context, scale.x(x), area.top, scale.x(x), area.bottom)
      else context.arc(scale.x(0), scale.y(0), radius * unit, 0, 2 * Math.PI)
      context.stroke()
    }
  })
}

function drawPriorNames(context, scale, theme, flat) {
  context.globalAlpha = 0.75
  context.font = theme.letters(11)
  for (const radius of [1, 2]) {
    const name = radius === 1 ? "prior 1σ" : "2σ"
    if (flat) outlinedText(context, name, scale.x(radius), scale.area.top + 10, theme)
    else outlinedText(context, name, scale.x(0), scale.y(-radius), theme)
  }
  context.globalAlpha = 1
}
