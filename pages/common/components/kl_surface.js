// The KL surface's life: one point (mean, variance) and beta, moved in either picture; all three follow at once.

const FIRST_SURFACE_TURN = { yaw: -0.6, pitch: 0.55 }
const NEAR = 18
const STEPS_OF_KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }

class KlSurface {
  constructor(root) {
    this.find = (selector) => root.querySelector(selector)
    this.host = root.host ?? root
    this.turn = { ...FIRST_SURFACE_TURN }
    this.asked = 0
    this.press = null
    const [surface, contour] = [this.find(".surface"), this.find(".contour")]
    surface.onpointerdown = (event) => this.grab(event)
    surface.onpointermove = (event) => this.pull(event)
    contour.onpointerdown = (event) => this.point(event, true)
    contour.onpointermove = (event) => this.point(event, false)
    for (const canvas of [surface, contour]) {
      canvas.onpointerup = canvas.onpointercancel = () => this.letGo()
    }
    surface.onkeydown = (event) => this.turnByKey(event)
    contour.onkeydown = (event) => this.stepByKey(event)
    this.find(".beta").oninput = (event) => this.set({ beta: Number(event.target.value) })
    this.find(".beta").onchange = () => this.tell()
    this.find(".home").onclick = () => {
      this.set({ mean: 0, variance: 1 })
      this.tell()
    }
    this.resizing = new ResizeObserver(() => this.wake())
    this.resizing.observe(this.find(".panels3"))
  }

  close() {
    cancelAnimationFrame(this.asked)
    this.resizing.disconnect()
  }

  receive({ mean, variance, beta }, report) {
    this.report = report
    this.ink = inkOf(this.host)
    if (this.mean === undefined) Object.assign(this, { mean, variance, beta })
    this.find(".beta").value = this.beta
    this.wake()
  }

  set(values) {
    const within = (value, [low, high]) => Math.max(low, Math.min(high, value))
    Object.assign(this, values)
    this.mean = within(this.mean, MEANS)
    this.variance = within(this.variance, VARIANCES)
    this.wake()
  }

  /** Only what is settled goes to the server: the links below follow it. */
  tell() {
    const rounded = (value) => Math.round(1000 * value) / 1000
    this.report("settled", { mean: rounded(this.mean), variance: rounded(this.variance), beta: this.beta })
  }

  // Hands

  at(event, canvas) {
    const { left, top } = canvas.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }

  grab(event) {
    const place = this.at(event, event.target)
    const spot = this.spot
    event.target.setPointerCapture(event.pointerId)
    this.press = { ...place, ...this.turn, onPoint: Math.hypot(place.x - spot.x, place.y - spot.y) < NEAR }
  }

  pull(event) {
    if (!this.press) return
    const { x, y } = this.at(event, event.target)
    if (this.press.onPoint) return this.set(this.nearestOnSurface(x, y))
    const pitch = this.press.pitch + 0.008 * (y - this.press.y)
    this.turn = { yaw: this.press.yaw - 0.008 * (x - this.press.x), pitch: Math.max(0.05, Math.min(1.5, pitch)) }
    this.wake()
  }

  /** The place of the surface that is seen nearest to a pixel; of two on one line of sight the one in front. */
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
    const { x, y } = this.at(event, event.target)
    this.set({ variance: this.flat.variance(x), mean: this.flat.mean(y) })
  }

  letGo() {
    if (this.press?.onPoint) this.tell()
    this.press = null
  }

  turnByKey(event) {
    const step = STEPS_OF_KEYS[event.key]
    if (!step) return
    event.preventDefault()
    const pitch = Math.max(0.05, Math.min(1.5, this.turn.pitch + 0.08 * step[1]))
    this.turn = { yaw: this.turn.yaw - 0.08 * step[0], pitch }
    this.wake()
  }

  stepByKey(event) {
    const step = STEPS_OF_KEYS[event.key]
    if (!step) return
    event.preventDefault()
    const far = event.shiftKey ? 5 : 1
    this.set({ variance: this.variance + 0.05 * far * step[0], mean: this.mean + 0.05 * far * step[1] })
    this.tell()
  }

  // Drawing

  wake() {
    if (this.mean !== undefined && !this.asked) this.asked = requestAnimationFrame(() => this.tick())
  }

  tick() {
    this.asked = 0
    const width = this.find("figure").clientWidth
    if (!width) return
    const height = Math.round(Math.min(330, 0.86 * width))
    const contexts = ["surface", "contour", "densities"].map((name) => {
      const canvas = this.find(`.${name}`)
      canvas.style.height = `${height}px`
      return contextOf(canvas, width, height)
    })
    const kl = klOf(this.mean, this.variance)
    this.scale = surfaceScale(this.turn, width, height)
    drawSurface(contexts[0], this.scale, this.ink)
    this.spot = this.scale(this.variance, this.mean, kl)
    drawSpot(contexts[0], this.spot.x, this.spot.y, this.ink)
    this.flat = contourScale(width, height)
    drawContour(contexts[1], this.flat, this.ink)
    drawSpot(contexts[1], this.flat.x(this.variance), this.flat.y(this.mean), this.ink)
    drawDensities(contexts[2], width, height, this.mean, this.variance, this.ink)
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

const surfaces = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  let surface = surfaces.get(parentElement)
  if (!surface) {
    surface = new KlSurface(parentElement)
    surfaces.set(parentElement, surface)
  }
  surface.receive(data, setStateValue)
  return () => {
    surface.close()
    surfaces.delete(parentElement)
  }
}
