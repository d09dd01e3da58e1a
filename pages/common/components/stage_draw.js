// What the stage's pictures share, and the latent map. Functions here draw; they keep nothing.

const TICK_ALPHA = 0.6
const NO_LABEL = 255

/** The page's colours and font, as Streamlit's theme gives them; letters grow with those of the page. */
function inkOf(host) {
  const style = getComputedStyle(host)
  const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16
  const value = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise
  const font = value("--st-font", "sans-serif")
  return {
    text: value("--st-text-color", "#222"),
    paper: value("--st-background-color", "#fff"),
    accent: value("--st-primary-color", "#06c"),
    letters: (size, weight = 400) => `${weight} ${size * scale}px ${font}`,
  }
}

/** A context whose unit is the CSS pixel, on a canvas as sharp as the screen. */
function contextOf(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1
  const across = Math.round(width * ratio)
  const down = Math.round(height * ratio)
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across
    canvas.height = down
  }
  const context = canvas.getContext("2d")
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  context.textAlign = "left"
  return context
}

/** Round numbers from low to high, about `count` of them. */
function ticksOf(low, high, count) {
  const raw = Math.max(high - low, 1e-9) / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power
  const ticks = []
  for (let index = Math.ceil(low / step); index * step <= high + 1e-9 * step; index++) ticks.push(index * step)
  return { ticks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) }
}

function numberText(value, digits) {
  return (Math.abs(value) < 1e-12 ? 0 : value).toFixed(digits).replace("-", "−")
}

function lineAt(context, x0, y0, x1, y1) {
  context.beginPath()
  context.moveTo(x0, y0)
  context.lineTo(x1, y1)
  context.stroke()
}

/** Where codes stand on a map of this size: one scale for both axes, the box in its middle. */
function mapScale(box, width, height) {
  const area = { left: 40, top: 8, right: width - 8, bottom: height - 38 }
  const across = area.right - area.left
  const down = area.bottom - area.top
  const unit = Math.min(across / (box[1] - box[0]), down / (box[3] - box[2]))
  const x0 = (area.left + area.right) / 2 - (unit * (box[0] + box[1])) / 2
  const y0 = (area.top + area.bottom) / 2 + (unit * (box[2] + box[3])) / 2
  return { area, unit, x: (value) => x0 + unit * value, y: (value) => y0 - unit * value }
}

function drawMapAxes(context, scale, ink, axes, prior) {
  const { area, unit } = scale
  const flat = axes[1] === ""
  const range = (from, to, origin, sign) => [sign * (from - origin), sign * (to - origin)].map((p) => p / unit)
  const across = ticksOf(...range(area.left, area.right, scale.x(0), 1), (area.right - area.left) / 80)
  const down = ticksOf(...range(area.bottom, area.top, scale.y(0), -1), (area.bottom - area.top) / 60)
  context.save()
  context.font = ink.letters(12)
  context.fillStyle = context.strokeStyle = ink.text
  context.lineWidth = 1
  context.textAlign = "center"
  context.textBaseline = "top"
  for (const tick of across.ticks) {
    context.globalAlpha = tick === 0 ? 0.22 : 0.07
    lineAt(context, scale.x(tick), area.top, scale.x(tick), area.bottom)
    context.globalAlpha = TICK_ALPHA
    context.fillText(numberText(tick, across.digits), scale.x(tick), area.bottom + 5)
  }
  context.textAlign = "right"
  context.textBaseline = "middle"
  for (const tick of flat ? [] : down.ticks) {
    context.globalAlpha = tick === 0 ? 0.22 : 0.07
    lineAt(context, area.left, scale.y(tick), area.right, scale.y(tick))
    context.globalAlpha = TICK_ALPHA
    context.fillText(numberText(tick, down.digits), area.left - 6, scale.y(tick))
  }
  drawMapNames(context, area, axes)
  if (prior) drawPrior(context, scale, flat)
  context.restore()
}

function drawMapNames(context, area, axes) {
  context.globalAlpha = 0.9
  context.textAlign = "center"
  context.textBaseline = "alphabetic"
  context.fillText(axes[0], (area.left + area.right) / 2, area.bottom + 33)
  context.save()
  context.translate(10, (area.top + area.bottom) / 2)
  context.rotate(-Math.PI / 2)
  context.fillText(axes[1], 0, 0)
  context.restore()
}

/** The prior N(0, I): circles at one and two standard deviations, or lines on a single axis. */
function drawPrior(context, scale, flat) {
  const { area, unit } = scale
  context.save()
  context.beginPath()
  context.rect(area.left, area.top, area.right - area.left, area.bottom - area.top)
  context.clip()
  context.setLineDash([3, 4])
  context.globalAlpha = 0.5
  for (const radius of [1, 2]) {
    context.beginPath()
    if (flat) for (const x of [-radius, radius]) lineAt(context, scale.x(x), area.top, scale.x(x), area.bottom)
    else context.arc(scale.x(0), scale.y(0), radius * unit, 0, 2 * Math.PI)
    context.stroke()
  }
  context.restore()
}

/** A dot of each colour (the last for points without a class), drawn once and stamped a thousand times. */
function dotsOf(colours, radius, ink) {
  const ratio = window.devicePixelRatio || 1
  const size = Math.ceil(2 * (radius + 1.5))
  const stamps = colours.map((colour) => {
    const stamp = document.createElement("canvas")
    stamp.width = stamp.height = Math.ceil(size * ratio)
    const context = stamp.getContext("2d")
    context.scale(stamp.width / size, stamp.width / size)
    context.beginPath()
    context.arc(size / 2, size / 2, radius, 0, 2 * Math.PI)
    context.globalAlpha = 0.85
    context.fillStyle = colour
    context.fill()
    context.globalAlpha = 0.7
    context.lineWidth = 0.75
    context.strokeStyle = ink.paper
    context.stroke()
    return stamp
  })
  return { stamps, size }
}

/** Points in their order, the class looked at last and alone in full colour. */
function drawPoints(context, places, labels, dots, classLooked) {
  const { stamps, size } = dots
  const stampAt = (index) => {
    const stamp = stamps[labels[index] === NO_LABEL ? stamps.length - 1 : labels[index] % (stamps.length - 1)]
    context.drawImage(stamp, places[2 * index] - size / 2, places[2 * index + 1] - size / 2, size, size)
  }
  const looking = classLooked !== null
  context.globalAlpha = looking ? 0.12 : 1
  for (let index = 0; index < labels.length; index++) if (!looking || labels[index] !== classLooked) stampAt(index)
  context.globalAlpha = 1
  for (let index = 0; looking && index < labels.length; index++) if (labels[index] === classLooked) stampAt(index)
}

/** Text with a seam of paper around it, to be read on top of points. */
function seamed(context, text, x, y, ink) {
  context.textAlign = "center"
  context.textBaseline = "middle"
  context.lineJoin = "round"
  context.lineWidth = 5
  context.strokeStyle = ink.paper
  context.strokeText(text, x, y)
  context.fillStyle = ink.text
  context.fillText(text, x, y)
}

function drawPriorNames(context, scale, ink, flat) {
  context.globalAlpha = 0.75
  context.font = ink.letters(11)
  for (const radius of [1, 2]) {
    const name = radius === 1 ? "prior 1σ" : "2σ"
    if (flat) seamed(context, name, scale.x(radius), scale.area.top + 10, ink)
    else seamed(context, name, scale.x(0), scale.y(-radius), ink)
  }
  context.globalAlpha = 1
}

/** The name of each class at the median of its points (`members` lists them), where there is room for it. */
function drawNames(context, places, members, classes, ink) {
  const middles = members.map((points, label) => {
    const middle = (axis) => points.map((point) => places[2 * point + axis]).sort((a, b) => a - b)[points.length >> 1]
    return { name: classes[label], x: middle(0), y: middle(1), wide: Math.max(1, classes[label].length / 2.5) }
  })
  const known = middles.filter((middle) => middle.x !== undefined)
  context.font = ink.letters(15, 600)
  for (const one of known) {
    const others = known.filter((other) => other !== one)
    const room = Math.min(...others.map((other) => Math.hypot((one.x - other.x) / one.wide, one.y - other.y)))
    context.globalAlpha = Math.max(0, Math.min(1, (room - 10) / 10))
    seamed(context, one.name, one.x, one.y, ink)
  }
  context.globalAlpha = 1
}
