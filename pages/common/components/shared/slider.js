import { placeOf } from "./canvas.js"
import { clamp } from "./numbers.js"

/** Steps of the keys along an axis that rises to the right. */
export const RISING = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }

/**
 * A canvas as a slider over stops 0 to `last`: dragged with pointer or finger, moved with the keys.
 *
 * `stopAt(place)` gives the stop at a pixel, `onMove()` is called whenever the stop may have changed, `onSettle(stop)`
 * once it is released, and `onHover(event)` while the pointer moves without dragging.
 */
export class StopSlider {
  constructor(canvas, { keys = RISING, stopAt, onMove, onSettle, onHover = () => {} }) {
    Object.assign(this, { canvas, keys, stopAt, onMove, onSettle })
    this.stop = this.last = 0
    this.held = false
    canvas.tabIndex = 0
    canvas.setAttribute("role", "slider")
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId)
      this.held = true
      this.drag(event)
    }
    canvas.onpointermove = (event) => (this.held ? this.drag(event) : onHover(event))
    canvas.onpointerup = canvas.onpointercancel = () => this.release()
    canvas.onkeydown = (event) => this.step(event)
  }

  drag(event) {
    this.moveTo(this.stopAt(placeOf(event, this.canvas)))
  }

  release() {
    if (!this.held) return
    this.held = false
    this.onMove()
    this.onSettle(this.stop)
  }

  step(event) {
    const step = this.keys[event.key]
    const end = { Home: 0, End: this.last }[event.key]
    if (step === undefined && end === undefined) return
    event.preventDefault()
    this.moveTo(end ?? this.stop + step)
    this.onSettle(this.stop)
  }

  moveTo(stop) {
    this.stop = clamp(stop, 0, this.last)
    this.onMove()
  }

  /** Sets the slider's position in words, for screen readers. */
  describe(text) {
    this.canvas.setAttribute("aria-valuemin", 0)
    this.canvas.setAttribute("aria-valuemax", this.last)
    this.canvas.setAttribute("aria-valuenow", this.stop)
    this.canvas.setAttribute("aria-valuetext", text)
  }
}
