// Draws a grid of grey values. A stroke is the path of a round brush, full within its radius and soft at its edge. Where
// strokes cross, the brighter one counts.

import { mounted } from "../shared/mount.js"

const EDGE = 0.6
const KEPT = 100

class Drawer {
  constructor(root) {
    this.find = (selector) => root.querySelector(selector)
    this.canvas = this.find("canvas")
    this.past = []
    this.last = null
    this.canvas.onpointerdown = (event) => this.onDown(event)
    this.canvas.onpointermove = (event) => this.onMove(event)
    this.canvas.onpointerup = this.canvas.onpointercancel = () => this.onUp()
    this.find(".undo").onclick = () => this.undo()
    this.find(".clear").onclick = () => this.clear()
    this.find(".drawer").onkeydown = (event) => this.onKey(event)
  }

  receive({ size, shape, label, help }, { setStateValue }) {
    this.setStateValue = setStateValue
    this.find(".drawer").style.setProperty("--size", `${size}px`)
    this.find(".drawer").setAttribute("aria-label", label)
    this.find(".label").textContent = label
    this.find(".help").textContent = help
    this.find(".help").hidden = !help
    if (String(shape) !== String(this.shape)) this.begin(shape, Math.max(1, Math.round(size / shape[1])))
  }

  /** An empty grid with `fine` x `fine` cells per pixel of the picture. */
  begin(shape, fine) {
    const [height, width] = shape
    Object.assign(this, { shape, fine, height: height * fine, width: width * fine, past: [] })
    this.canvas.width = this.width
    this.canvas.height = this.height
    this.grid = new Uint8Array(this.width * this.height)
    this.show()
  }

  // Strokes

  onDown(event) {
    if (event.button > 0 || this.last) return
    this.canvas.setPointerCapture(event.pointerId)
    this.remember()
    this.last = this.at(event)
    this.strokeTo(this.last)
  }

  onMove(event) {
    if (!this.last) return
    const between = event.getCoalescedEvents?.() ?? []
    for (const one of between.length ? between : [event]) this.strokeTo(this.at(one))
  }

  onUp() {
    if (!this.last) return
    this.last = null
    this.report()
  }

  at(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect()
    return { x: ((event.clientX - left) / width) * this.width, y: ((event.clientY - top) / height) * this.height }
  }

  /** Brightens all cells near the path from the last position to this one. */
  strokeTo(to) {
    const from = this.last
    const radius = Number(this.find(".brush input").value) * this.fine
    const reach = radius + EDGE * this.fine
    const [left, right] = this.span(from.x, to.x, reach, this.width)
    const [top, bottom] = this.span(from.y, to.y, reach, this.height)
    const [dx, dy] = [to.x - from.x, to.y - from.y]
    const squared = dx * dx + dy * dy || 1
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y]
        const share = Math.max(0, Math.min(1, (px * dx + py * dy) / squared))
        const away = Math.hypot(px - share * dx, py - share * dy)
        const grey = 255 * Math.max(0, Math.min(1, (reach - away) / (2 * EDGE * this.fine)))
        const cell = y * this.width + x
        if (grey > this.grid[cell]) this.grid[cell] = grey
      }
    }
    this.last = to
    this.show(left, top, right, bottom)
  }

  span(from, to, reach, size) {
    const low = Math.max(0, Math.floor(Math.min(from, to) - reach))
    return [low, Math.max(low, Math.min(size, Math.ceil(Math.max(from, to) + reach)))]
  }

  // Undo

  remember() {
    this.past = [...this.past.slice(1 - KEPT), this.grid.slice()]
  }

  undo() {
    if (!this.past.length || this.last) return
    this.grid = this.past.pop()
    this.show()
    this.report()
  }

  clear() {
    if (!this.grid.some(Boolean)) return
    this.remember()
    this.grid = new Uint8Array(this.grid.length)
    this.show()
    this.report()
  }

  onKey(event) {
    if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return
    event.preventDefault()
    this.undo()
  }

  // Output

  show(left = 0, top = 0, right = this.width, bottom = this.height) {
    const empty = !this.grid.some(Boolean)
    this.find(".undo").disabled = !this.past.length
    this.find(".clear").disabled = empty
    const words = empty ? "nothing is drawn yet" : "a drawing"
    this.canvas.setAttribute("aria-label", `${this.find(".label").textContent}: ${words}`)
    if (right <= left || bottom <= top) return
    const part = new ImageData(right - left, bottom - top)
    for (let y = top, at = 0; y < bottom; y++) {
      for (let x = left; x < right; x++, at += 4) {
        part.data.fill(this.grid[y * this.width + x], at, at + 3)
        part.data[at + 3] = 255
      }
    }
    this.canvas.getContext("2d").putImageData(part, left, top)
  }

  /** The picture as base64 of its bytes, or null if nothing is drawn. */
  report() {
    const picture = this.averaged()
    this.setStateValue("drawn", picture.some(Boolean) ? btoa(String.fromCharCode(...picture)) : null)
  }

  averaged() {
    const { fine } = this
    const [height, width] = this.shape
    const picture = new Uint8Array(height * width)
    for (let pixel = 0; pixel < picture.length; pixel++) {
      const first = Math.floor(pixel / width) * fine * this.width + (pixel % width) * fine
      let sum = 0
      for (let y = 0; y < fine; y++) for (let x = 0; x < fine; x++) sum += this.grid[first + y * this.width + x]
      picture[pixel] = Math.round(sum / (fine * fine))
    }
    return picture
  }
}

export default mounted(Drawer)
