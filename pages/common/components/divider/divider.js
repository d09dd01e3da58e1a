// Two pictures of the same size on top of each other, and a line that divides them: the first picture is visible to its
// left, the second to its right. Nothing is reported to the server.

import { mounted } from "../shared/mount.js"

const FINE = 1
const COARSE = 10

class Divider {
  constructor(root) {
    this.find = (selector) => root.querySelector(selector)
    this.frame = this.find(".frame")
    this.handle = this.find(".handle")
    this.at = 50
    this.frame.onpointerdown = (event) => this.onDown(event)
    this.frame.onpointermove = (event) => this.frame.hasPointerCapture(event.pointerId) && this.moveTo(event)
    this.handle.onkeydown = (event) => this.onKey(event)
  }

  receive({ before, after, names, size, label }) {
    this.names = names
    this.label = label
    this.find(".divider").style.setProperty("--size", `${size}px`)
    this.find(".divider").setAttribute("aria-label", label)
    this.show(".before", ".left", before, names[0])
    this.show(".after", ".right", after, names[1])
    this.put(this.at)
  }

  show(picture, word, source, name) {
    if (this.find(picture).getAttribute("src") !== source) this.find(picture).src = source
    this.find(picture).alt = `${this.label}: ${name}`
    this.find(word).textContent = name
  }

  onDown(event) {
    if (event.button > 0) return
    this.frame.setPointerCapture(event.pointerId)
    this.handle.focus({ preventScroll: true, focusVisible: false })
    event.preventDefault()
    this.moveTo(event)
  }

  moveTo(event) {
    const { left, width } = this.frame.getBoundingClientRect()
    this.put(((event.clientX - left) / width) * 100)
  }

  onKey(event) {
    const step = event.shiftKey ? COARSE : FINE
    const places = {
      ArrowLeft: this.at - step,
      ArrowDown: this.at - step,
      ArrowRight: this.at + step,
      ArrowUp: this.at + step,
      PageDown: this.at - COARSE,
      PageUp: this.at + COARSE,
      Home: 0,
      End: 100,
    }
    if (!(event.key in places)) return
    event.preventDefault()
    this.put(places[event.key])
  }

  put(at) {
    this.at = Math.max(0, Math.min(100, at))
    const share = Math.round(this.at)
    this.frame.style.setProperty("--at", `${this.at}%`)
    this.handle.setAttribute("aria-label", `${this.label}: divider`)
    this.handle.setAttribute("aria-valuenow", String(share))
    this.handle.setAttribute("aria-valuetext", `${share} % ${this.names[0]}, ${100 - share} % ${this.names[1]}`)
  }
}

export default mounted(Divider)
