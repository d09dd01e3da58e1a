// The stage's life: it takes data in, plays films, moves to new frames, and draws only when something changed.

const WIDE = 640

class Stage extends Player {
  constructor(root) {
    super(root)
    this.box = this.find(".stage")
    this.pinned = this.looked = this.point = this.dimension = null
    this.listen()
  }

  listen() {
    this.resizing = new ResizeObserver(() => this.resize())
    this.resizing.observe(this.find(".panels"))
    this.seeing = new IntersectionObserver(([entry]) => {
      this.seen = entry.isIntersecting
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
    this.resizing.disconnect()
    this.seeing.disconnect()
  }

  // Data in

  receive(bytes) {
    this.ink = inkOf(this.host)
    const { header, arrays } = unpacked(bytes)
    const same = this.header && JSON.stringify(header) === JSON.stringify(this.header)
    if (!same) this.take(header, arrays)
    this.dots = null
    this.resize()
  }

  take(header, arrays) {
    const before = this.header
    const shown = before && this.shown()
    const atEnd = before && this.position >= this.end
    this.header = header
    this.film = header.mode === "film"
    this.shape = header.arrays.inputs[1]
    this.labels = arrays.labels
    this.members = membersOf(this.labels, header.classes.length)
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
    this.writeLegend()
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

  /** What is to be seen now: between two frames of a film, or on the way from what was shown to a new frame. */
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

  /** The strip of a frame's reconstructions; of something between two frames the nearer one's. */
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
    this.dots = null
    this.wake()
  }

  draw() {
    const now = this.shown()
    this.drawMap(now)
    const rows = this.sized(".rows")
    drawRows(rows.context, this.layout, this.shape, this.rows, ...now.pictures, this.ink)
    if (now.kl) {
      const { context, width, height } = this.sized(".kl")
      this.klAt = { ...klScale(width, height, now.kl.length, now.most), kl: now.kl, active: now.active }
      drawKl(context, width, height, now.kl, now.active, now.most, this.dimension, this.ink)
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
    const { axes, colours, no_class, prior, classes } = this.header
    const scale = mapScale(now.box, width, height)
    drawMapAxes(context, scale, this.ink, axes, prior)
    const radius = Math.max(2.2, Math.min(5, 0.2 * Math.sqrt((width * height) / this.labels.length)))
    this.dots ??= dotsOf([...colours, no_class], radius, this.ink)
    this.places = this.onScreen(now.places, scale)
    const { left, top, right, bottom } = scale.area
    context.save()
    context.beginPath()
    context.rect(left, top, right - left, bottom - top)
    context.clip()
    drawPoints(context, this.places, this.labels, this.dots, this.looked ?? this.pinned)
    if (prior) drawPriorNames(context, scale, this.ink, axes[1] === "")
    drawNames(context, this.places, this.members, classes, this.ink)
    if (this.point !== null) {
      context.beginPath()
      context.arc(this.places[2 * this.point], this.places[2 * this.point + 1], radius + 3, 0, 2 * Math.PI)
      context.lineWidth = 1.5
      context.strokeStyle = this.ink.text
      context.stroke()
    }
    context.restore()
    this.codes = now.places
  }

  /** Pixels of codes; those of a single number are spread over the height, which means nothing there. */
  onScreen(codes, scale) {
    const { top, bottom } = scale.area
    this.lift ??= normals(4096)
    const lifted = (point) => (top + bottom) / 2 + ((bottom - top) / 8) * Math.tanh(this.lift[point % 4096])
    const flat = this.header.axes[1] === ""
    return codes.map((code, at) => (at % 2 === 0 ? scale.x(code) : flat ? lifted(at >> 1) : scale.y(code)))
  }

  // Words

  writeLegend() {
    const legend = this.find(".legend")
    const { classes, colours } = this.header
    const text = JSON.stringify(classes)
    if (legend.dataset.classes === text) return
    legend.dataset.classes = text
    this.pinned = this.looked = null
    const button = (name, label) => this.legendButton(name, label, colours[label % colours.length])
    legend.replaceChildren(...classes.map((name, label) => madeOf("li", button(name, label))))
  }

  legendButton(name, label, colour) {
    const button = legendButton(name, colour)
    const look = (to) => () => {
      this.looked = to
      this.wake()
    }
    button.onpointerenter = button.onfocus = look(label)
    button.onpointerleave = button.onblur = look(null)
    button.onclick = () => this.pin(this.pinned === label ? null : label)
    return button
  }

  pin(label) {
    this.pinned = label
    this.find(".legend").querySelectorAll("button").forEach((button, index) => {
      button.setAttribute("aria-pressed", String(index === label))
    })
    this.wake()
  }

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
    label(".rows", `${this.shape[0]} held-out images, ${this.rows.map(([name]) => name).join(" above ")}; ${rows[0].join(" ").trim()}`)
    const kl = this.frames[0].kl
    if (kl) {
      label(".kl", `KL divergence of ${latents} dimensions, ${activeText(this.klAt.active)}`)
    }
  }

  // Looking closer

  lookAtPoint(event) {
    const { left, top } = this.find(".map").getBoundingClientRect()
    const point = event && this.places ? nearestOf(this.places, event.clientX - left, event.clientY - top) : null
    if (point === this.point) return
    this.point = point
    this.wake()
  }

  lookAtDimension(event) {
    let dimension = null
    if (event && this.klAt) {
      const x = event.clientX - this.find(".kl").getBoundingClientRect().left
      const at = Math.floor((x - this.klAt.area.left) / this.klAt.slot)
      if (at >= 0 && at < this.klAt.kl.length) dimension = at
    }
    if (dimension === this.dimension) return
    this.dimension = dimension
    this.wake()
  }

  writeTips() {
    const { axes, classes } = this.header
    const point = this.point
    if (point !== null) {
      const code = axes.filter(Boolean).map((axis, at) => `${axis} ${numberText(this.codes[2 * point + at], 2)}`)
      const name = classes[this.labels[point]] ?? "no class"
      showTip(this.find(".map"), `${name} · ${code.join(", ")}`, this.places[2 * point], this.places[2 * point + 1])
    } else showTip(this.find(".map"), "")
    if (this.dimension !== null && this.klAt) {
      const { area, slot, kl, active, y } = this.klAt
      const nats = kl[this.dimension]
      const text = `z${this.dimension + 1} · ${numberText(nats, nats < 0.1 ? 4 : 2)} nats${active[this.dimension] ? "" : ", inactive"}`
      showTip(this.find(".kl"), text, area.left + (this.dimension + 0.5) * slot, y(nats))
    } else showTip(this.find(".kl"), "")
  }
}

const stages = new WeakMap()

export default function ({ data, parentElement }) {
  let stage = stages.get(parentElement)
  if (!stage) {
    stage = new Stage(parentElement)
    stages.set(parentElement, stage)
  }
  stage.receive(data)
  return () => {
    stage.close()
    stages.delete(parentElement)
  }
}
