// Pointer, finger and keys: they move the map's cursor, turn the cloud and pick a place.

import { placeOf } from "../shared/canvas.js"

const CLICK_PIXELS = 5
const TURN = 0.01
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }

export class Pointer {
  constructor(map, canvas) {
    this.map = map
    this.canvas = canvas
    this.press = null
    canvas.onpointerdown = (event) => this.onDown(event)
    canvas.onpointermove = (event) => this.onMove(event)
    canvas.onpointerup = (event) => this.onUp(event)
    canvas.onpointercancel = () => (this.press = null)
    canvas.onpointerleave = (event) => this.onLeave(event)
    canvas.onkeydown = (event) => this.onKey(event)
  }

  onDown(event) {
    if (!this.map.area || event.button > 0) return
    this.press = { ...placeOf(event, this.canvas), ...this.map.turn, moved: false }
    this.canvas.setPointerCapture(event.pointerId)
    this.onMove(event)
  }

  onMove(event) {
    const { map, press } = this
    if (!map.area) return
    const { x, y } = placeOf(event, this.canvas)
    if (press && Math.hypot(x - press.x, y - press.y) > CLICK_PIXELS) press.moved = true
    if (!map.cloud) map.moveTo(map.codePlace(x, y))
    else if (press?.moved) map.turnTo(press.yaw + TURN * (x - press.x), press.pitch + TURN * (y - press.y))
    else map.lookInCloud(x, y)
  }

  /** A click picks a place; the end of a drag does not. */
  onUp() {
    if (this.press && !this.press.moved && !this.map.cloud) this.map.pick()
    this.press = null
  }

  /** A finger that was lifted leaves the cursor where it was. */
  onLeave(event) {
    if (event.pointerType === "mouse" && !this.press) this.map.leave()
  }

  onKey(event) {
    const { map } = this
    const direction = KEYS[event.key]
    if (!map.area || !(direction || ["Enter", "Escape"].includes(event.key))) return
    event.preventDefault()
    if (event.key === "Escape") map.leave()
    else if (event.key === "Enter") map.pick()
    else if (map.cloud) this.turnBy(direction, event.shiftKey ? 0.3 : 0.06)
    else this.stepBy(direction, event.shiftKey ? 1 / 10 : 1 / 50)
  }

  turnBy([across, up], angle) {
    this.map.turnTo(this.map.turn.yaw + angle * across, this.map.turn.pitch - angle * up)
  }

  /** By a share of the view's width. */
  stepBy([across, up], share) {
    const { map } = this
    const step = (share * (map.area.right - map.area.left)) / map.scale.unit
    const from = map.cursor ?? map.zPlace()
    map.moveTo(map.clamped({ x: from.x + across * step, y: from.y + up * step }))
  }
}
