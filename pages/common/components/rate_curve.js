// A sweep's rate-distortion curve: a point that is dragged along it, and what the model of the nearest beta draws.

const PICTURE_GAP = 3
const PICTURE_CAPTION = 18
const CURVE_KEYS = { ArrowLeft: 1, ArrowDown: 1, ArrowRight: -1, ArrowUp: -1 }

function curveScale([left, right, low, high], width, height) {
  const area = { left: 52, top: 10, right: width - 12, bottom: height - 38 }
  const [across, up] = [axisOf([left, right], null, area.left, area.right), axisOf([low, high], null, area.bottom, area.top)]
  return { area, x: across.at, y: up.at }
}

/** The place of a line of many pieces that is nearest to (x, y). */
function nearestOnPath(path, x, y) {
  let [best, least] = [path[0], Infinity]
  for (let index = 0; index + 1 < path.length; index++) {
    const [a, b] = [path[index], path[index + 1]]
    const [dx, dy] = [b.x - a.x, b.y - a.y]
    const share = Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)))
    const place = { x: a.x + share * dx, y: a.y + share * dy }
    const away = Math.hypot(place.x - x, place.y - y)
    if (away < least) [best, least] = [place, away]
  }
  return best
}

/** Lines of equal ELBO, the floor, and the corner of a collapsed code. */
function drawCurveLines(context, scale, { elbo, floor, corner }, spots, ink) {
  const { area } = scale
  context.save()
  context.beginPath()
  context.rect(area.left, area.top, area.right - area.left, area.bottom - area.top)
  context.clip()
  context.strokeStyle = context.fillStyle = ink.text
  context.lineWidth = 1
  context.font = ink.letters(11)
  context.textBaseline = "bottom"
  for (let index = 0; index + 1 < elbo.length; index += 2) {
    context.globalAlpha = 0.22
    const [from, to] = [elbo[index], elbo[index + 1]]
    lineAt(context, scale.x(from.rate), scale.y(from.distortion), scale.x(to.rate), scale.y(to.distortion))
    context.globalAlpha = TICK_ALPHA
    context.textAlign = "right"
    const last = area.right - 4
    const share = (last - scale.x(from.rate)) / (scale.x(to.rate) - scale.x(from.rate))
    const y = scale.y(from.distortion + share * (to.distortion - from.distortion))
    const free = spots.every((spot) => Math.hypot((spot.x - last + 20) / 2, spot.y - y) > 22)
    if (free) context.fillText(`ELBO −${from.text}`, last, y - 2)
  }
  context.globalAlpha = 0.75
  context.setLineDash([5, 4])
  for (const { distortion } of floor) {
    lineAt(context, area.left, scale.y(distortion), area.right, scale.y(distortion))
    context.textAlign = "left"
    context.fillText("floor: perfect reconstruction", area.left + 6, scale.y(distortion) - 2)
  }
  context.setLineDash([])
  context.textBaseline = "middle"
  context.textAlign = "left"
  for (const { rate, distortion } of corner) {
    const [x, y] = [scale.x(rate), scale.y(distortion)]
    lineAt(context, x - 5, y - 5, x + 5, y + 5)
    lineAt(context, x - 5, y + 5, x + 5, y - 5)
    context.fillText("collapsed: the mean image", x + 11, y)
  }
  context.restore()
}

class RateCurve {
  constructor(root) {
    this.find = (selector) => root.querySelector(selector)
    this.host = root.host ?? root
    this.asked = 0
    this.held = null
    const curve = this.find(".curve")
    curve.onpointerdown = (event) => {
      curve.setPointerCapture(event.pointerId)
      this.pull(event, true)
    }
    curve.onpointermove = (event) => this.pull(event, false)
    curve.onpointerup = curve.onpointercancel = () => this.letGo()
    curve.onkeydown = (event) => this.stepByKey(event)
    this.resizing = new ResizeObserver(() => this.wake())
    this.resizing.observe(this.find(".sides"))
  }

  close() {
    cancelAnimationFrame(this.asked)
    this.resizing.disconnect()
  }

  receive(bytes, report) {
    this.report = report
    this.ink = inkOf(this.host)
    const { header, arrays } = unpacked(bytes)
    this.header = header
    this.at = Math.min(this.at ?? header.start, header.stops.length - 1)
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

  get stop() {
    return this.header.stops[this.at]
  }

  // Hands

  pull(event, down) {
    if (!this.scale || (!down && !this.held)) return
    const { left, top } = event.target.getBoundingClientRect()
    const spots = this.spots()
    this.held = nearestOnPath(spots, event.clientX - left, event.clientY - top)
    const away = spots.map((spot) => Math.hypot(spot.x - this.held.x, spot.y - this.held.y))
    this.at = away.indexOf(Math.min(...away))
    this.wake()
  }

  /** Between two betas nothing was trained: the point goes to the nearest, and only that one is told. */
  letGo() {
    if (!this.held) return
    this.held = null
    this.tell()
    this.wake()
  }

  stepByKey(event) {
    const last = this.header.stops.length - 1
    const ends = { Home: 0, End: last }
    const step = CURVE_KEYS[event.key]
    if (!step && ends[event.key] === undefined) return
    event.preventDefault()
    this.at = step ? Math.max(0, Math.min(last, this.at + step)) : ends[event.key]
    this.tell()
    this.wake()
  }

  tell() {
    this.report("settled", this.at)
  }

  spots() {
    return this.header.stops.map(({ rate, distortion }) => ({ x: this.scale.x(rate), y: this.scale.y(distortion) }))
  }

  // Drawing

  wake() {
    if (this.header && !this.asked) this.asked = requestAnimationFrame(() => this.tick())
  }

  contextFor(name, height) {
    const canvas = this.find(name)
    canvas.style.height = `${height}px`
    return contextOf(canvas, canvas.clientWidth, height)
  }

  tick() {
    this.asked = 0
    const width = this.find(".curve").clientWidth
    if (!width) return
    this.drawCurve(width, Math.round(Math.max(260, Math.min(320, 0.7 * width))))
    const { kl, active } = this.shown[this.at]
    const most = Math.max(0.05, 1.08 * this.header.most)
    drawKl(this.contextFor(".bars", 110), this.find(".bars").clientWidth, 110, kl, active, most, null, this.ink)
    this.drawPictures()
    this.write(kl, active)
  }

  drawCurve(width, height) {
    const { ink, header, stop } = this
    const context = this.contextFor(".curve", height)
    this.scale = curveScale(header.box, width, height)
    const { area } = this.scale
    const ticks = {
      x: straightTicks(header.box.slice(0, 2), area.right - area.left, 80),
      y: straightTicks(header.box.slice(2), area.bottom - area.top, 50),
    }
    drawAxes(context, this.scale, ticks, ["rate: KL, nats per image", "distortion, nats per image"], ink)
    const spots = this.spots()
    drawCurveLines(context, this.scale, header.marks, spots, ink)
    context.strokeStyle = ink.text
    context.globalAlpha = 0.6
    context.lineWidth = 1.5
    context.beginPath()
    spots.forEach(({ x, y }, index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)))
    context.stroke()
    this.drawRuns(context)
    this.drawTangent(context, stop)
    context.globalAlpha = 1
    context.font = ink.letters(12, 600)
    spots.forEach(({ x, y }, index) => seamed(context, `β ${header.stops[index].beta}`, x + 26, y - 13, ink))
    const spot = this.held ?? spots[this.at]
    context.beginPath()
    context.arc(spot.x, spot.y, 8, 0, 2 * Math.PI)
    context.fillStyle = stop.colour
    context.fill()
    context.strokeStyle = ink.paper
    context.lineWidth = 4
    context.stroke()
    context.strokeStyle = ink.text
    context.lineWidth = 2
    context.stroke()
    this.find(".curve").classList.toggle("held", this.held !== null)
  }

  drawRuns(context) {
    const colours = Object.fromEntries(this.header.stops.map(({ beta, colour }) => [beta, colour]))
    context.globalAlpha = 0.9
    for (const { label, rate, distortion } of this.header.marks.run) {
      context.fillStyle = colours[label]
      context.beginPath()
      context.arc(this.scale.x(rate), this.scale.y(distortion), 3.5, 0, 2 * Math.PI)
      context.fill()
    }
  }

  /** All places that are as good as this one in its own objective: distortion + beta x rate is the same. */
  drawTangent(context, { weight, rate, distortion }) {
    const { area, x, y } = this.scale
    const [, most] = this.header.box
    context.save()
    context.beginPath()
    context.rect(area.left, area.top, area.right - area.left, area.bottom - area.top)
    context.clip()
    context.strokeStyle = this.ink.text
    context.globalAlpha = 0.9
    context.lineWidth = 1.75
    context.setLineDash([7, 4])
    lineAt(context, x(0), y(distortion + weight * rate), x(most), y(distortion + weight * (rate - most)))
    context.restore()
  }

  drawPictures() {
    const { ink, stop } = this
    const shown = this.shown[this.at]
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
    context.font = ink.letters(12)
    context.textBaseline = "alphabetic"
    context.fillStyle = ink.text
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

  write(kl, active) {
    const { stop, header } = this
    if (this.written === `${this.at}`) return
    this.written = `${this.at}`
    this.find(".where").textContent = `β = ${stop.beta}`
    const figures = stop.figures.map(([name, value]) => madeOf("div", madeOf("dt", name), madeOf("dd", value)))
    this.find(".figures").replaceChildren(...figures)
    const words = `beta ${stop.beta}: ${stop.figures.map(([name, value]) => `${name} ${value}`).join(", ")}`
    const curve = this.find(".curve")
    curve.setAttribute("aria-valuemin", 0)
    curve.setAttribute("aria-valuemax", header.stops.length - 1)
    curve.setAttribute("aria-valuenow", this.at)
    curve.setAttribute("aria-valuetext", words)
    this.find(".bars").setAttribute("aria-label", `KL of each of ${kl.length} dimensions at beta ${stop.beta}, ${activeText(active)}`)
    const told = `Test images, reconstructions, a traversal and random draws at beta ${stop.beta}`
    this.find(".pictures").setAttribute("aria-label", told)
  }
}

const curves = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  let curve = curves.get(parentElement)
  if (!curve) {
    curve = new RateCurve(parentElement)
    curves.set(parentElement, curve)
  }
  curve.receive(data, setStateValue)
  return () => {
    curve.close()
    curves.delete(parentElement)
  }
}
