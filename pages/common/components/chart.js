// A lesson's chart: panels side by side, and a handle that is dragged along the first while all of them follow.

const KEY_STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }
const REACH = 16
const HANDLE_LINES = 2
const VALUE_DIGITS = 4

function valueText(value, percent) {
  const digits = { maximumSignificantDigits: VALUE_DIGITS }
  return (percent ? 100 * value : value).toLocaleString("en", digits).replace("-", "−") + (percent ? " %" : "")
}

/** The name of a series beside its colour and dashes. */
function legendOf(panel, titled) {
  const kinds = new Map()
  for (const { name, kind } of titled) if (kind !== "dots" || !kinds.has(name)) kinds.set(name, kind)
  return [...kinds].map(([name, kind]) => {
    const [colour, dashes] = panel.looks[name]
    const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg")
    const filled = kind === "bars" || kind === "bins"
    const shape = document.createElementNS("http://www.w3.org/2000/svg", kind === "dots" ? "circle" : "path")
    const round = { cx: 12, cy: 6, r: 4.5, fill: colour }
    const path = { d: "M0 6H24", stroke: colour, "stroke-width": filled ? 10 : 3, "stroke-dasharray": dashes.join(" ") }
    if (filled) path["stroke-dasharray"] = ""
    for (const [key, value] of Object.entries(kind === "dots" ? round : path)) shape.setAttribute(key, value)
    swatch.setAttribute("viewBox", "0 0 24 12")
    swatch.append(shape)
    return madeOf("span", swatch, name)
  })
}

class ChartPanel {
  constructor(chart) {
    this.chart = chart
    this.canvas = document.createElement("canvas")
    this.legend = document.createElement("figcaption")
    this.tip = madeOf("output")
    this.tip.className = "tip"
    this.tip.hidden = true
    this.figure = madeOf("figure", this.legend, this.canvas, this.tip)
    this.canvas.onpointerleave = () => this.look(null)
    this.canvas.onpointermove = (event) => this.look(event)
  }

  receive(data) {
    this.data = data
    this.figure.style.flexGrow = data.share
    this.canvas.style.height = `${data.height}px`
    this.canvas.setAttribute("aria-label", data.alt)
    const titled = [...data.series, ...data.follows, ...data.frames.flatMap((frame) => frame.series)]
    this.legend.replaceChildren(...(Object.keys(data.looks).length > 1 ? legendOf(data, titled) : []))
  }

  place(event) {
    const { left, top } = this.canvas.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }

  draw(ink, handle, stop) {
    const { data } = this
    const width = this.canvas.clientWidth
    if (!width) return
    const context = contextOf(this.canvas, width, data.height)
    const marks = Object.keys(data.marks).length
    const scale = (this.scale = panelScale(data, marks + (handle ? HANDLE_LINES : 0), width, data.height))
    const frame = data.frames[data.frame_of[stop]]
    drawAxes(context, scale, ticksOfPanel(data, scale), [frame?.title ?? data.x.title, data.y.title], ink)
    this.found = drawPanelSeries(context, data, frame, scale, stop, ink)
    drawMarks(context, data.marks, scale, width, ink)
    if (handle) drawHandle(context, handle, stop, marks, scale, width, ink)
  }

  /** Says what stands nearest to the pointer. */
  look(event) {
    let best = null
    if (event && this.found && !this.chart.held) {
      const { x, y } = this.place(event)
      let least = REACH
      for (const one of this.found) {
        const away = Math.hypot(one.across - x, one.down - y)
        if (away < least) [best, least] = [one, away]
      }
    }
    const { x, y } = this.data
    const words = best && `${best.name}: ${valueText(best.x, x.percent)}, ${valueText(best.y, y.percent)}`
    showTip(this.figure, words, best?.across, best?.down + this.canvas.offsetTop)
  }
}

class Chart {
  constructor(root) {
    this.find = (selector) => root.querySelector(selector)
    this.host = root.host ?? root
    this.panels = []
    this.asked = 0
    this.held = false
    this.resizing = new ResizeObserver(() => this.wake())
    this.resizing.observe(this.find(".panels"))
  }

  close() {
    cancelAnimationFrame(this.asked)
    this.resizing.disconnect()
  }

  receive({ panels, handle, start }, report) {
    this.report = report
    this.ink = inkOf(this.host)
    this.handle = handle
    this.last = handle ? handle.stops.length - 1 : 0
    this.at = Math.min(this.at ?? start, this.last)
    if (this.panels.length !== panels.length) {
      this.panels = panels.map(() => new ChartPanel(this))
      this.find(".panels").replaceChildren(...this.panels.map(({ figure }) => figure))
      if (handle) this.grip(this.panels[0].canvas)
    }
    panels.forEach((data, at) => this.panels[at].receive(data))
    this.find(".hint").hidden = !handle
    this.draw()
  }

  // Hands

  grip(canvas) {
    canvas.classList.add("gripped")
    canvas.tabIndex = 0
    canvas.setAttribute("role", "slider")
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId)
      this.held = true
      this.pull(event)
    }
    canvas.onpointermove = (event) => (this.held ? this.pull(event) : this.panels[0].look(event))
    canvas.onpointerup = canvas.onpointercancel = () => this.letGo()
    canvas.onkeydown = (event) => this.stepByKey(event)
  }

  pull(event) {
    const panel = this.panels[0]
    panel.look(null)
    const { stops } = this.handle
    const wanted = panel.scale.value(panel.place(event).x)
    const after = stops.findIndex((stop) => stop >= wanted)
    const above = after < 0 ? this.last : after
    const nearer = above > 0 && wanted - stops[above - 1] < stops[above] - wanted
    this.set(nearer ? above - 1 : above)
  }

  letGo() {
    if (!this.held) return
    this.held = false
    this.report("settled", this.at)
  }

  stepByKey(event) {
    const step = KEY_STEPS[event.key]
    const end = { Home: 0, End: this.last }[event.key]
    if (step === undefined && end === undefined) return
    event.preventDefault()
    this.set(end ?? this.at + step)
    this.report("settled", this.at)
  }

  set(at) {
    this.at = Math.max(0, Math.min(this.last, at))
    this.wake()
  }

  // Drawing

  wake() {
    if (this.handle !== undefined && !this.asked) this.asked = requestAnimationFrame(() => this.draw())
  }

  draw() {
    cancelAnimationFrame(this.asked)
    this.asked = 0
    this.panels.forEach((panel, at) => panel.draw(this.ink, at === 0 ? this.handle : null, this.at))
    if (this.handle) this.write()
  }

  write() {
    const { name, texts, readings } = this.handle
    const said = Object.entries(readings).map(([label, values]) => [label, values[this.at]])
    this.find(".figures").replaceChildren(
      ...said.map(([label, value]) => madeOf("div", madeOf("dt", label), madeOf("dd", value))),
    )
    const words = [`${name} ${texts[this.at]}`, ...said.map(([label, value]) => `${label} ${value}`)].join(", ")
    const { canvas } = this.panels[0]
    canvas.setAttribute("aria-valuemin", 0)
    canvas.setAttribute("aria-valuemax", this.last)
    canvas.setAttribute("aria-valuenow", this.at)
    canvas.setAttribute("aria-valuetext", words)
  }
}

const charts = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  let chart = charts.get(parentElement)
  if (!chart) {
    chart = new Chart(parentElement)
    charts.set(parentElement, chart)
  }
  chart.receive(data, setStateValue)
  return () => {
    chart.close()
    charts.delete(parentElement)
  }
}
