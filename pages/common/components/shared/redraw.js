/** Calls `draw()` at most once per frame, when something changed. It follows the size of an element. */
export class Redrawn {
  constructor(root, sized) {
    this.find = (selector) => root.querySelector(selector)
    this.host = root.host ?? root
    this.requested = 0
    this.resizing = new ResizeObserver(() => this.resize())
    this.resizing.observe(this.find(sized))
  }

  close() {
    cancelAnimationFrame(this.requested)
    this.resizing.disconnect()
  }

  resize() {
    this.wake()
  }

  /** Requests one drawing; while nothing was requested, nothing runs. */
  wake() {
    this.requested ||= requestAnimationFrame(() => {
      this.requested = 0
      this.draw()
    })
  }
}
