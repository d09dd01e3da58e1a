// The stage: it receives data, plays films, moves to new frames, and draws only when something changed.

import { activeText, drawKl, klScale } from "../shared/bars.js"
import { unpacked } from "../shared/blocks.js"
import { contextOf, placeOf, themeOf } from "../shared/canvas.js"
import { showTip } from "../shared/elements.js"
import { Legend } from "../shared/legend.js"
import { mounted } from "../shared/mount.js"
import { countText, mixed, numberText } from "../shared/numbers.js"
import { drawRows, rowsLayout, rowsOf, stripOf } from "../shared/pictures.js"
import { mapScale, pointAt } from "../shared/plane.js"
import { Player, TWEEN_MS } from "../shared/player.js"
import { Scatter } from "../shared/scatter.js"
import { figureOf, figureRows } from "./figures.js"
import { alike, framesOf } from "./frames.js"

const WIDE = 640

class Stage extends Player {
  constructor(root) {
    super(root, ".panels")
    this.box = this.find(".stage")
    this.point = this.dimension = null
    this.scatter = new Scatter({ share: 0.2, least: 2.2, most: 5 })
    this.legend = new Legend(this.find(".legend"), () => this.wake())
    this.listen()
  }

  listen() {
    this.seeing = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting
      this.wake()
    })
    this.seeing.observe(this.box)
    this.box.onkeydown = (event) => this.onKey(event)
    const map = this.find(".map")
    map.onpointermove = (event) => this.lookAtPoint(event)
    map.onpointerleave = () => this.lookAtPoint(null)
    const kl = this.find(".kl")
    kl.onpointermove = (event) => this.lookAtDimension(event)
    kl.onpointerleave = () => this.lookAtDimension(null)
  }

  close() {
    super.close()
    this.seeing.disconnect()
  }

  // Data in

  receive(bytes) {
    this.theme = themeOf(this.host)
    const { header, arrays } = unpacked(bytes)
    const same = this.header && JSON.stringify(header) === JSON.stringify(this.header)
    if (!same) this.load(header, arrays)
    this.scatter.reset()
    this.resize()
  }

  load(header, arrays) {
    const before = this.header
    const shown = before && this.shown()
    const atEnd = before && this.position >= this.end
    this.header = header
    this.film = header.mode === "film"
    this.shape = header.arrays.inputs[1]
    this.labels = arrays.labels
    this.scatter.load(header, arrays.labels)
    this.rows = rowsOf(arrays, this.shape)
    this.frames = framesOf(header, arrays)
    const again = before && this.film && before.mode === "film" && before.film === header.film
    if (again) {
      this.position = atEnd ? this.end : Math.min(this.position, this.end)
    } else {
      this.position = this.film && header.autoplay ? 0 : this.end
      this.setPlaying(this.film && header.autoplay && this.frames.length > 1 && !this.still())
    }
    this.from = shown && alike(shown, this.frames[0]) && !this.still() ? shown : null
    this.since = this.from ? performance.now() : -Infinity
    this.point = this.dimension = null
    this.legend.write(header.classes, header.colours)
    this.writePlayer()
  }

  // Time

  get end() {
    return this.frames.length - 1
  }

  onKey(event) {
    const within = event.target.closest("select, .loop, .legend, .play")
    if (!this.film || (within && event.key === " ") || event.target.closest("select")) return
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key]
    if (event.key === " ") this.setPlaying(!this.playing)
    else if (step) {
      this.setPlaying(false)
      this.moveTo(step > 0 ? Math.floor(this.position + 1) : Math.ceil(this.position - 1))
    } else return
    event.preventDefault()
  }

  /** What to show now: between two frames of a film, or on the way from what was shown to a new frame. */
  shown() {
    const index = Math.floor(this.position)
    const ahead = this.frames[Math.min(index + 1, this.end)]
    const target = this.between(this.frames[index], ahead, this.position - index)
    const share = (performance.now() - this.since) / TWEEN_MS
    if (!this.from || share >= 1) {
      this.from = null
      return target
    }
    const { step, epoch, figures } = target
    return { ...this.between(this.from, target, share), step, epoch, figures }
  }

  between(from, to, share) {
    return {
      step: Math.round(from.step + (to.step - from.step) * share),
      epoch: from.epoch + (to.epoch - from.epoch) * share,
      figures: from.figures,
      places: mixed(from.places, to.places, share),
      kl: from.kl && to.kl && mixed(from.kl, to.kl, share),
      active: (share < 0.5 ? from : to).active,
      most: from.most + (to.most - from.most) * share,
      box: mixed(from.box, to.box, share),
      pictures: [this.pictureOf(from), this.pictureOf(to), share],
    }
  }

  /** The strip of a frame's reconstructions; between two frames, that of the nearer one. */
  pictureOf(frame) {
    if (frame.pictures) return frame.pictures[frame.pictures[2] < 0.5 ? 0 : 1]
    frame.strip ??= stripOf(frame.pixels, this.shape)
    return frame.strip
  }

  // Drawing

  resize() {
    if (!this.header) return
    const width = this.find(".panels").clientWidth
    if (!width) return
    const map = this.find(".map")
    const tall = width >= WIDE ? this.header.height : Math.min(this.header.height, map.clientWidth + 30)
    map.style.height = `${tall}px`
    const side = this.find(".side").clientWidth
    const kl = this.frames[0].kl
    const [count, , height, across] = this.shape
    const most = width >= WIDE ? (kl ? tall * 0.66 : tall) : 320
    this.layout = rowsLayout(count, height, across, side, most, this.rows.length)
    this.find(".rows").style.height = `${this.layout.height}px`
    this.find(".kl").hidden = !kl
    this.find(".kl").style.height = `${width >= WIDE ? tall - this.layout.height - 12 : 170}px`
    this.scatter.reset()
    this.wake()
  }

  draw() {
    const now = this.shown()
    this.drawMap(now)
    const rows = this.sized(".rows")
    drawRows(rows.context, this.layout, this.shape, this.rows, ...now.pictures, this.theme)
    if (now.kl) {
      const { context, width, height } = this.sized(".kl")
      this.bars = { ...klScale(width, height, now.kl.length, now.most), kl: now.kl, active: now.active }
      drawKl(context, width, height, now.kl, now.active, now.most, this.dimension, this.theme)
    }
    this.find(".scrub").value = this.position
    this.writeFigures(now)
    this.writeTips()
  }

  sized(selector) {
    const panel = this.find(selector)
    const [width, height] = [panel.clientWidth, panel.clientHeight]
    return { context: contextOf(this.find(`${selector} canvas`), width, height), width, height }
  }

  drawMap(now) {
    const { context, width, height } = this.sized(".map")
    const { axes: names, prior } = this.header
    const highlighted = this.legend.highlighted
    this.scatter.drawMap(context, now.places, mapScale(now.box, width, height), this.theme, {
      names,
      prior,
      highlighted,
    })
    if (this.point !== null) this.drawRing(context, this.scatter.placeOf(this.point))
    this.codes = now.places
  }

  drawRing(context, { x, y }) {
    context.beginPath()
    context.arc(x, y, this.scatter.stamps.size / 2 + 1.5, 0, 2 * Math.PI)
    context.lineWidth = 1.5
    context.strokeStyle = this.theme.text
    context.stroke()
  }

  // Words

  writePlayer() {
    const player = this.find(".player")
    player.hidden = !this.film || this.frames.length < 2
    this.find(".scrub").max = this.end
    if (player.hidden) this.box.removeAttribute("tabindex")
    else this.box.tabIndex = 0
    this.box.setAttribute("aria-label", this.header.alt)
    const badge = this.find(".badge")
    badge.hidden = !this.header.badge
    badge.textContent = this.header.badge
  }

  writeFigures(now) {
    const { steps } = this.header
    const rows = figureRows(now)
    const key = JSON.stringify(rows)
    if (key === this.written) return
    this.written = key
    this.find(".figures").replaceChildren(...rows.map(figureOf))
    this.writeLabels(rows)
    const where = `step ${countText(now.step)} of ${countText(steps[steps.length - 1])}`
    this.find(".where").textContent = where
    this.find(".scrub").setAttribute("aria-valuetext", where)
  }

  /** What the canvases show, in words. */
  writeLabels(rows) {
    const { alt, axes, latents } = this.header
    const figures = rows.map((row) => row.join(" ").trim()).join(", ")
    const map = `latent map of ${this.labels.length} held-out images over ${axes.filter(Boolean).join(" and ")}`
    const label = (selector, text) => this.find(`${selector} canvas`).setAttribute("aria-label", `${alt}: ${text}`)
    label(".map", `${map}, coloured by class; ${figures}`)
    label(
      ".rows",
      `${this.shape[0]} held-out images, ${this.rows.map(([name]) => name).join(" above ")}; ${rows[0].join(" ").trim()}`,
    )
    const kl = this.frames[0].kl
    if (kl) {
      label(".kl", `KL divergence of ${latents} dimensions, ${activeText(this.bars.active)}`)
    }
  }

  // Details

  lookAtPoint(event) {
    const { x, y } = event ? placeOf(event, this.find(".map")) : {}
    const point = event && this.scatter.places ? pointAt(this.scatter.places, x, y) : null
    if (point === this.point) return
    this.point = point
    this.wake()
  }

  lookAtDimension(event) {
    let dimension = null
    if (event && this.bars) {
      const at = Math.floor((placeOf(event, this.find(".kl")).x - this.bars.area.left) / this.bars.slot)
      if (at >= 0 && at < this.bars.kl.length) dimension = at
    }
    if (dimension === this.dimension) return
    this.dimension = dimension
    this.wake()
  }

  writeTips() {
    const { axes, classes } = this.header
    const { point, dimension } = this
    if (point !== null) {
      const code = axes.filter(Boolean).map((axis, at) => `${axis} ${numberText(this.codes[2 * point + at], 2)}`)
      const name = classes[this.labels[point]] ?? "no class"
      const { x, y } = this.scatter.placeOf(point)
      showTip(this.find(".map"), `${name} · ${code.join(", ")}`, x, y)
    } else showTip(this.find(".map"), "")
    if (dimension !== null && this.bars) {
      const { area, slot, kl, active, y } = this.bars
      const nats = kl[dimension]
      const inactive = active[dimension] ? "" : ", inactive"
      const text = `z${dimension + 1} · ${numberText(nats, nats < 0.1 ? 4 : 2)} nats${inactive}`
      showTip(this.find(".kl"), text, area.left + (dimension + 0.5) * slot, y(nats))
    } else showTip(this.find(".kl"), "")
  }
}

export default mounted(Stage)
