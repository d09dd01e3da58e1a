// A plot: panels side by side, and a handle that is dragged along the first one and followed by all.

import { drawAxes } from "../shared/axes.js"
import { contextOf, placeOf, themeOf } from "../shared/canvas.js"
import { imageCanvas, made, showTip } from "../shared/elements.js"
import { drawGuides } from "../shared/guides.js"
import { mounted } from "../shared/mount.js"
import { withMinus } from "../shared/numbers.js"
import { drawHandle, drawMarks, drawSeries, plotScale, plotTicks, pointNear } from "../shared/plot.js"
import { Redrawn } from "../shared/redraw.js"
import { StopSlider } from "../shared/slider.js"

const HANDLE_LINES = 2
const VALUE_DIGITS = 4

function valueText(value, percent) {
  const digits = { maximumSignificantDigits: VALUE_DIGITS }
  const text = (percent ? 100 * value : value).toLocaleString("en", digits)
  return withMinus(text) + (percent ? " %" : "")
}

/** The name of each series beside its colour and dashes; series with the same name share the entry of the first. */
function legendOf(panel, titled) {
  const kinds = new Map()
  for (const { name, kind } of titled) if (!kinds.has(name)) kinds.set(name, kind)
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
    return made("span", "", swatch, name)
  })
}

class ChartPanel {
  constructor() {
    this.canvas = imageCanvas()
    this.legend = made("figcaption")
    this.tip = made("output", "tip")
    this.tip.hidden = true
    this.figure = made("figure", "", this.legend, this.canvas, this.tip)
    this.points = []
    this.canvas.onpointerleave = () => this.hover(null)
    this.canvas.onpointermove = (event) => this.hover(event)
  }

  receive(data) {
    this.data = data
    this.figure.style.flexGrow = data.share
    this.canvas.style.height = `${data.height}px`
    this.canvas.setAttribute("aria-label", data.alt)
    const all = [...data.series, ...data.follows, ...data.frames.flatMap((frame) => frame.series)]
    this.legend.replaceChildren(...(Object.keys(data.looks).length > 1 ? legendOf(data, all) : []))
  }

  draw(theme, handle, stop) {
    const { data } = this
    const width = this.canvas.clientWidth
    if (!width) return
    const context = contextOf(this.canvas, width, data.height)
    const marks = Object.keys(data.marks).length
    const scale = plotScale(data, marks + (handle ? HANDLE_LINES : 0), width, data.height)
    const frame = data.frames[data.frame_of[stop]]
    drawAxes(context, scale, plotTicks(data, scale), [frame?.title ?? data.x.title, data.y.title], theme)
    drawGuides(context, scale, data, theme)
    this.points = drawSeries(context, data, frame, scale, stop, theme)
    drawMarks(context, data.marks, scale, width, theme)
    if (handle) drawHandle(context, handle, stop, marks, scale, width, theme)
    this.scale = scale
  }

  /** Names the point nearest to the pointer, or none. */
  hover(event) {
    const { x, y } = event ? placeOf(event, this.canvas) : { x: Infinity, y: Infinity }
    const point = pointNear(this.points, x, y)
    const value = (axis) => {
      const { name, percent } = this.data[axis]
      return `${name} ${valueText(point[axis], percent)}`.trim()
    }
    const text = point && `${point.name}: ${value("x")}, ${value("y")}`
    showTip(this.figure, text, point?.across, point?.down + this.canvas.offsetTop)
  }
}

class Chart extends Redrawn {
  constructor(root) {
    super(root, ".panels")
    this.panels = []
    this.slider = null
  }

  receive({ panels, handle, start }, { setStateValue }) {
    this.setStateValue = setStateValue
    this.theme = themeOf(this.host)
    this.handle = handle
    const stop = this.slider?.stop ?? start
    if (this.panels.length !== panels.length) {
      this.panels = panels.map(() => new ChartPanel())
      this.find(".panels").replaceChildren(...this.panels.map(({ figure }) => figure))
      this.slider = null
    }
    panels.forEach((data, at) => {
      this.panels[at].receive(data)
    })
    if (handle) this.slideOver(handle, stop)
    this.find(".hint").hidden = !handle
    this.draw()
  }

  /** The first panel's canvas as a slider over the handle's stops. */
  slideOver({ stops }, stop) {
    const [panel] = this.panels
    if (!this.slider) {
      panel.canvas.classList.add("gripped")
      this.slider = new StopSlider(panel.canvas, {
        stopAt: ({ x }) => this.stopNear(panel.scale.value(x)),
        onMove: () => this.wake(),
        onSettle: (stop) => this.setStateValue("settled", stop),
        onHover: (event) => panel.hover(event),
      })
    }
    this.slider.last = stops.length - 1
    this.slider.stop = Math.min(stop, this.slider.last)
  }

  stopNear(wanted) {
    this.panels[0].hover(null)
    const { stops } = this.handle
    const after = stops.findIndex((stop) => stop >= wanted)
    const above = after < 0 ? stops.length - 1 : after
    const nearer = above > 0 && wanted - stops[above - 1] < stops[above] - wanted
    return nearer ? above - 1 : above
  }

  // Drawing

  draw() {
    const stop = this.slider?.stop ?? 0
    this.panels.forEach((panel, at) => {
      panel.draw(this.theme, at === 0 ? this.handle : null, stop)
    })
    if (this.handle) this.write(stop)
  }

  write(stop) {
    const { name, texts, readings } = this.handle
    const figures = Object.entries(readings).map(([label, values]) => [label, values[stop]])
    this.find(".figures").replaceChildren(
      ...figures.map(([label, value]) => made("div", "", made("dt", "", label), made("dd", "", value))),
    )
    const words = [`${name} ${texts[stop]}`, ...figures.map(([label, value]) => `${label} ${value}`)].join(", ")
    this.slider.describe(words)
  }
}

export default mounted(Chart)
