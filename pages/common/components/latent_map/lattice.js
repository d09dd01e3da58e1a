// The decoded lattice behind the points: a picture per cell of the map, decoded a few milliseconds at a time.

import { made } from "../shared/elements.js"

const CELL = 34
const BUDGET_MS = 8

export class Lattice {
  constructor(decoder) {
    this.decoder = decoder
    this.sheet = made("canvas")
    this.next = this.count = 0
  }

  /** Starts again if the plane, its extent or the rest of z changed; `codeAt(x, y)` gives the code at a pixel. */
  aim(key, area, codeAt) {
    if (key === this.key) return
    this.key = key
    const { width, height } = this.decoder
    const across = area.right - area.left
    const down = area.bottom - area.top
    this.columns = Math.max(1, Math.round(across / (CELL * Math.sqrt(width / height))))
    this.rows = Math.max(1, Math.round(down / (CELL * Math.sqrt(height / width))))
    this.codeAt = (column, row) =>
      codeAt(area.left + ((column + 0.5) * across) / this.columns, area.top + ((row + 0.5) * down) / this.rows)
    if (this.sheet.width !== this.columns * width || this.sheet.height !== this.rows * height) {
      this.sheet.width = this.columns * width
      this.sheet.height = this.rows * height
    }
    this.next = 0
    this.count = this.columns * this.rows
  }

  /** Decodes for a moment; returns whether there is more to do. */
  work() {
    const context = this.sheet.getContext("2d")
    const { width, height } = this.decoder
    const until = performance.now() + BUDGET_MS
    for (; this.next < this.count && performance.now() < until; this.next++) {
      const [column, row] = [this.next % this.columns, Math.floor(this.next / this.columns)]
      context.putImageData(this.decoder.decode(this.codeAt(column, row)), column * width, row * height)
    }
    return this.next < this.count
  }

  draw(context, { left, top, right, bottom }) {
    context.imageSmoothingQuality = "high"
    context.drawImage(this.sheet, left, top, right - left, bottom - top)
  }
}
