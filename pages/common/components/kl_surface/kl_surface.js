// The KL surface: one point (mean, variance) and beta, moved in either picture; all three pictures follow at once.

import { contextOf, placeOf, themeOf } from "../shared/canvas.js"
import { mounted } from "../shared/mount.js"
import { clamp, numberText } from "../shared/numbers.js"
import { Redrawn } from "../shared/redraw.js"
import {
  contourScale,
  drawContour,
  drawDensities,
  drawSpot,
  drawSurface,
  klOf,
  MEANS,
  surfaceScale,
  VARIANCES,
} from "./drawing.js"

const FIRST_SURFACE_TURN = { yaw: -0.6, pitch: 0.55 }
/** From just above the floor to nearly straight down, in radians. */
const PITCHES = [0.05, 1.5]
const NEAR = 18
const KEY_STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }

class KlSurface extends Redrawn {
  constructor(root) {
    super(root, ".panels3")
    this.turn = { ...FIRST_SURFACE_TURN }
    this.press = null
    const [surface, contour] = [this.find(".surface"), this.find(".contour")]
    surface.onpointerdown = (event) => this.grab(event)
    surface.onpointermove = (event) => this.pull(event)
    contour.onpointerdown = (event) => this.point(event, true)
    contour.onpointermove = (event) => this.point(event, false)
    for (const canvas of [surface, contour]) {
      canvas.onpointerup = canvas.onpointercancel = () => this.release()
    }
    surface.onkeydown = (event) => this.turnByKey(event)
    contour.onkeydown = (event) => this.stepByKey(event)
    this.find(".beta").oninput = (event) => this.set({ beta: Number(event.target.value) })
    this.find(".beta").onchange = () => this.report()
    this.find(".home").onclick = () => {
      this.set({ mean: 0, variance: 1 })
      this.report()
    }
  }

  receive({ mean, variance, beta }, { setStateValue }) {
    this.setStateValue = setStateValue
    this.theme = themeOf(this.host)
    if (this.mean === undefined) Object.assign(this, { mean, variance, beta })
    this.find(".beta").value = this.beta
    this.wake()
  }

  set(values) {
    Object.assign(this, values)
    this.mean = clamp(this.mean, ...MEANS)
    this.variance = clamp(this.variance, ...VARIANCES)
    this.wake()
  }

  /** Reports the point once it is released; the links below the component follow it. */
  report() {
    const rounded = (value) => Math.round(1000 * value) / 1000
    this.setStateValue("settled", { mean: rounded(this.mean), variance: rounded(this.variance), beta: this.beta })
  }

  // Pointer and keys

  grab(event) {
    const place = placeOf(event, event.target)
    const spot = this.spot
    event.target.setPointerCapture(event.pointerId)
    this.press = { ...place, ...this.turn, onPoint: Math.hypot(place.x - spot.x, place.y - spot.y) < NEAR }
  }

  pull(event) {
    if (!this.press) return
    const { x, y } = placeOf(event, event.target)
    if (this.press.onPoint) return this.set(this.nearestOnSurface(x, y))
    const pitch = this.press.pitch + 0.008 * (y - this.press.y)
    this.turn = { yaw: this.press.yaw - 0.008 * (x - this.press.x), pitch: clamp(pitch, ...PITCHES) }
    this.wake()
  }

  /** The position on the surface nearest to a pixel; of two in one line of sight, the one in front. */
  nearestOnSurface(x, y) {
    let [best, least] = [{}, Infinity]
    for (let i = 0; i <= 80; i++) {
      const variance = VARIANCES[0] + (i / 80) ** 2 * (VARIANCES[1] - VARIANCES[0])
      for (let j = 0; j <= 60; j++) {
        const mean = MEANS[0] + j / 10
        const seen = this.scale(variance, mean, klOf(mean, variance))
        const away = Math.hypot(seen.x - x, seen.y - y) + 4 * seen.depth
        if (away < least) [best, least] = [{ mean, variance }, away]
      }
    }
    return best
  }

  point(event, down) {
    if (down) {
      event.target.setPointerCapture(event.pointerId)
      this.press = { onPoint: true }
    }
    if (!this.press) return
    const { x, y } = placeOf(event, event.target)
    this.set({ variance: this.flat.variance(x), mean: this.flat.mean(y) })
  }

  release() {
    if (this.press?.onPoint) this.report()
    this.press = null
  }

  turnByKey(event) {
    const step = KEY_STEPS[event.key]
    if (!step) return
    event.preventDefault()
    const pitch = clamp(this.turn.pitch + 0.08 * step[1], ...PITCHES)
    this.turn = { yaw: this.turn.yaw - 0.08 * step[0], pitch }
    this.wake()
  }

  stepByKey(event) {
    const step = KEY_STEPS[event.key]
    if (!step) return
    event.preventDefault()
    const far = event.shiftKey ? 5 : 1
    this.set({ variance: this.variance + 0.05 * far * step[0], mean: this.mean + 0.05 * far * step[1] })
    this.report()
  }

  // Drawing

  draw() {
    const width = this.find("figure").clientWidth
    if (this.mean === undefined || !width) return
    const height = Math.round(Math.min(330, 0.86 * width))
    const contexts = ["surface", "contour", "densities"].map((name) => {
      const canvas = this.find(`.${name}`)
      canvas.style.height = `${height}px`
      return contextOf(canvas, width, height)
    })
    const kl = klOf(this.mean, this.variance)
    this.scale = surfaceScale(this.turn, width, height)
    drawSurface(contexts[0], this.scale, this.theme)
    this.spot = this.scale(this.variance, this.mean, kl)
    drawSpot(contexts[0], this.spot.x, this.spot.y, this.theme)
    this.flat = contourScale(width, height)
    drawContour(contexts[1], this.flat, this.theme)
    drawSpot(contexts[1], this.flat.x(this.variance), this.flat.y(this.mean), this.theme)
    drawDensities(contexts[2], width, height, this.mean, this.variance, this.theme)
    this.write(kl)
  }

  write(kl) {
    const { mean, variance, beta } = this
    this.find(".sum").textContent = `KL = ${numberText(kl, 3)} nats`
    const [far, wide] = [0.5 * mean * mean, 0.5 * (variance - 1 - Math.log(variance))]
    this.find(".terms").textContent = `½ μ² = ${numberText(far, 3)}, ½ (σ² − 1 − ln σ²) = ${numberText(wide, 3)}`
    this.find(".weighted").textContent = `${numberText(beta, 1)} × KL = ${numberText(beta * kl, 3)} nats`
    const where = `mean ${numberText(mean, 2)}, variance ${numberText(variance, 2)}, KL ${numberText(kl, 2)} nats`
    this.find(".surface").setAttribute("aria-label", `Surface of the KL; the point is at ${where}. Arrow keys turn it.`)
    this.find(".contour").setAttribute("aria-label", "KL over variance and mean; arrow keys move the point")
    this.find(".contour").setAttribute("aria-valuenow", kl.toFixed(3))
    this.find(".contour").setAttribute("aria-valuetext", where)
    this.find(".densities").setAttribute("aria-label", `Densities of q, ${where}, and of the prior N(0, 1)`)
  }
}

export default mounted(KlSurface)
