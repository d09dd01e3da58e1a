// A sweep's rate-distortion curve with a point to drag along it, and samples of the model with the nearest beta.

import { drawAxes } from "../shared/axes.js"
import { activeText, drawKl } from "../shared/bars.js"
import { unpacked } from "../shared/blocks.js"
import { contextOf, outlinedText, themeOf } from "../shared/canvas.js"
import { made } from "../shared/elements.js"
import { drawGuides } from "../shared/guides.js"
import { mounted } from "../shared/mount.js"
import { stripOf } from "../shared/pictures.js"
import { drawSeries, plotScale, plotTicks } from "../shared/plot.js"
import { Redrawn } from "../shared/redraw.js"
import { StopSlider } from "../shared/slider.js"
import { nearestOnPath } from "./path.js"

const PICTURE_GAP = 3
const PICTURE_CAPTION = 18
const BARS_HEIGHT = 110
/** Stops are in the order of beta, which decreases along the rate axis. */
const FALLING = { ArrowLeft: 1, ArrowDown: 1, ArrowRight: -1, ArrowUp: -1 }

class RateCurve extends Redrawn {
  constructor(root) {
    super(root, ".sides")
    this.dragged = null
    this.slider = new StopSlider(this.find(".curve"), {
      keys: FALLING,
      stopAt: (place) => this.stopNear(place),
      onMove: () => this.wake(),
      onSettle: (stop) => this.setStateValue("settled", stop),
    })
  }

  receive(bytes, { setStateValue }) {
    this.setStateValue = setStateValue
    this.theme = themeOf(this.host)
    const { header, arrays } = unpacked(bytes)
    const stop = this.header ? this.slider.stop : header.start
    this.header = header
    this.slider.last = header.stops.length - 1
    this.slider.stop = Math.min(stop, this.slider.last)
    const strip = (name) => ({ image: stripOf(arrays[name], header.arrays[name][1]), shape: header.arrays[name][1] })
    this.inputs = strip("inputs")
    this.shown = header.stops.map((_, index) => ({
      reconstructions: strip(`reconstructions${index}`),
      traversal: strip(`traversal${index}`),
      draws: strip(`draws${index}`),
      kl: arrays[`kl${index}`],
      active: arrays[`active${index}`],
    }))
    this.find(".rate-lesson").setAttribute("aria-label", header.alt)
    this.wake()
  }

  /** No models exist between two betas: the point is dragged along the curve, and the nearest stop counts. */
  stopNear({ x, y }) {
    if (!this.spots) return this.slider.stop
    this.dragged = nearestOnPath(this.spots, x, y)
    const distances = this.spots.map((spot) => Math.hypot(spot.x - this.dragged.x, spot.y - this.dragged.y))
    return distances.indexOf(Math.min(...distances))
  }

  // Drawing

  contextFor(name, height) {
    const canvas = this.find(name)
    canvas.style.height = `${height}px`
    return contextOf(canvas, canvas.clientWidth, height)
  }

  draw() {
    const width = this.find(".curve").clientWidth
    if (!this.header || !width) return
    const stop = this.header.stops[this.slider.stop]
    const shown = this.shown[this.slider.stop]
    this.drawCurve(stop, width, Math.round(Math.max(260, Math.min(320, 0.7 * width))))
    const most = Math.max(0.05, 1.08 * this.header.most)
    drawKl(
      this.contextFor(".bars", BARS_HEIGHT),
      this.find(".bars").clientWidth,
      BARS_HEIGHT,
      shown.kl,
      shown.active,
      most,
      null,
      this.theme,
    )
    this.drawPictures(stop, shown)
    this.write(stop, shown.active)
  }

  drawCurve(stop, width, height) {
    const { header, slider, theme } = this
    const context = this.contextFor(".curve", height)
    const { panel } = header
    const scale = plotScale(panel, 0, width, height)
    drawAxes(context, scale, plotTicks(panel, scale), [panel.x.title, panel.y.title], theme)
    this.spots = header.stops.map(({ rate, distortion }) => ({ x: scale.x(rate), y: scale.y(distortion) }))
    drawGuides(context, scale, panel, theme)
    drawSeries(context, panel, panel.frames[slider.stop], scale, slider.stop, theme)
    context.font = theme.letters(12, 600)
    for (const [index, { x, y }] of this.spots.entries()) {
      outlinedText(context, `β ${header.stops[index].beta}`, x + 26, y - 13, theme)
    }
    if (!slider.held) this.dragged = null
    drawPoint(context, this.dragged ?? this.spots[slider.stop], stop.colour, theme)
    this.find(".curve").classList.toggle("held", slider.held)
  }

  drawPictures(stop, shown) {
    const rows = [
      ["test images", this.inputs],
      ["reconstructed", shown.reconstructions],
      [`first image, z${stop.dimension} (largest KL) from lowest to highest`, shown.traversal],
      ["random draws from the prior", shown.draws],
    ]
    const width = this.find(".pictures").clientWidth
    const most = Math.max(...rows.map(([, { shape }]) => shape[0]))
    const size = Math.min(56, Math.floor((width - PICTURE_GAP * (most - 1)) / most))
    const line = PICTURE_CAPTION + size + 5
    const context = this.contextFor(".pictures", rows.length * line)
    context.imageSmoothingEnabled = false
    context.font = this.theme.letters(12)
    context.textBaseline = "alphabetic"
    context.fillStyle = this.theme.text
    rows.forEach(([name, { image, shape }], row) => {
      context.globalAlpha = 0.75
      context.fillText(name, 0, row * line + PICTURE_CAPTION - 5)
      context.globalAlpha = 1
      for (let at = 0; at < shape[0]; at++) {
        const [high, wide] = [shape[2], shape[3]]
        const x = at * (size + PICTURE_GAP)
        context.drawImage(image, at * wide, 0, wide, high, x, row * line + PICTURE_CAPTION, size, size)
      }
    })
  }

  write(stop, active) {
    if (this.written === stop) return
    this.written = stop
    this.find(".where").textContent = `β = ${stop.beta}`
    const figures = stop.figures.map(([name, value]) => made("div", "", made("dt", "", name), made("dd", "", value)))
    this.find(".figures").replaceChildren(...figures)
    this.slider.describe(`beta ${stop.beta}: ${stop.figures.map(([name, value]) => `${name} ${value}`).join(", ")}`)
    const bars = `KL of each of ${active.length} dimensions at beta ${stop.beta}, ${activeText(active)}`
    this.find(".bars").setAttribute("aria-label", bars)
    const label = `Test images, reconstructions, a traversal and random draws at beta ${stop.beta}`
    this.find(".pictures").setAttribute("aria-label", label)
  }
}

/** The point that is dragged. */
function drawPoint(context, { x, y }, colour, theme) {
  context.beginPath()
  context.arc(x, y, 8, 0, 2 * Math.PI)
  context.fillStyle = colour
  context.fill()
  for (const [stroke, width] of [
    [theme.paper, 4],
    [theme.text, 2],
  ]) {
    context.strokeStyle = stroke
    context.lineWidth = width
    context.stroke()
  }
}

export default mounted(RateCurve)
