// The pictures beside the map: inputs above reconstructions, or corrupted, restored and clean; and KL per dimension.

const CAPTION = 17
const GAP = 4

/** The widest images that fit: how many a line, and their size, whole multiples of a screen pixel where they can be. */
function rowsLayout(count, height, width, room, most, rows) {
  const ratio = window.devicePixelRatio || 1
  let best = null
  for (let lines = 1; lines <= count; lines++) {
    const columns = Math.ceil(count / lines)
    const across = (room - GAP * (columns - 1)) / columns
    const down = ((most - GAP * (lines - 1)) / lines - rows * CAPTION) / rows
    const raw = Math.min(across / width, down / height) * ratio
    const scale = (raw >= 1 ? Math.floor(raw) : Math.max(raw, 0.1)) / ratio
    if (!best || scale > best.scale) best = { lines, columns, scale }
  }
  const line = rows * (CAPTION + best.scale * height)
  return { ...best, line, height: best.lines * line + GAP * (best.lines - 1) }
}

/** Images (count, channel, height, width) side by side in one canvas, a pixel a pixel. */
function stripOf(pixels, [count, channels, height, width]) {
  const strip = document.createElement("canvas")
  strip.width = count * width
  strip.height = height
  const picture = new ImageData(strip.width, height)
  const plane = height * width
  for (let image = 0; image < count; image++) {
    for (let at = 0; at < plane; at++) {
      const target = 4 * ((Math.floor(at / width) * count + image) * width + (at % width))
      for (let channel = 0; channel < 3; channel++) {
        picture.data[target + channel] = pixels[(image * channels + (channels === 3 ? channel : 0)) * plane + at]
      }
      picture.data[target + 3] = 255
    }
  }
  strip.getContext("2d").putImageData(picture, 0, 0)
  return strip
}

/** Name and strip of each row; without a strip it is the one that changes from frame to frame. */
function rowsOf(arrays, shape) {
  const clean = stripOf(arrays.inputs, shape)
  if (!arrays.corrupted) return [["input", clean], ["reconstruction", null]]
  return [["corrupted", stripOf(arrays.corrupted, shape)], ["restored", null], ["clean", clean]]
}

/** `mix` 0 shows the reconstructions of `from`, 1 those of `to`. */
function drawRows(context, layout, shape, rows, from, to, mix, ink) {
  const [count, , height, width] = shape
  const size = { x: width * layout.scale, y: height * layout.scale }
  context.imageSmoothingEnabled = false
  context.font = ink.letters(12)
  context.fillStyle = ink.text
  context.textBaseline = "alphabetic"
  for (let line = 0; line < layout.lines; line++) {
    const top = line * (layout.line + GAP)
    context.globalAlpha = 0.75
    const topOf = (row) => top + CAPTION + row * (size.y + CAPTION)
    rows.forEach(([name], row) => context.fillText(name, 0, topOf(row) - 5))
    const first = line * layout.columns
    for (let image = first; image < Math.min(first + layout.columns, count); image++) {
      const x = (image - first) * (size.x + GAP)
      const put = (strip, y, alpha) => {
        context.globalAlpha = alpha
        context.drawImage(strip, image * width, 0, width, height, x, y, size.x, size.y)
      }
      rows.forEach(([, strip], row) => {
        put(strip ?? from, topOf(row), 1)
        if (!strip && mix > 0) put(to, topOf(row), mix)
      })
    }
  }
  context.globalAlpha = 1
}

/** How many dimensions are active units: '6 of 20 active'. */
function activeText(active) {
  return `${active.reduce((sum, one) => sum + one, 0)} of ${active.length} active`
}

function klScale(width, height, latents, most) {
  const area = { left: 40, top: 24, right: width - 4, bottom: height - 20 }
  const slot = (area.right - area.left) / latents
  return { area, slot, y: (nats) => area.bottom - (nats / most) * (area.bottom - area.top) }
}

/** `active` says which dimensions are active units; the others are grey. */
function drawKl(context, width, height, kl, active, most, looked, ink) {
  const scale = klScale(width, height, kl.length, most)
  const { area, slot } = scale
  context.font = ink.letters(12)
  context.fillStyle = context.strokeStyle = ink.text
  context.globalAlpha = 0.75
  context.textBaseline = "alphabetic"
  context.fillText("KL per dimension, nats", 0, 12)
  context.textAlign = "right"
  context.fillText(activeText(active), area.right, 12)
  context.textBaseline = "middle"
  const { ticks, digits } = ticksOf(0, most, Math.max(2, (area.bottom - area.top) / 36))
  for (const tick of ticks) {
    context.globalAlpha = tick === 0 ? 0.3 : 0.08
    lineAt(context, area.left, scale.y(tick), area.right, scale.y(tick))
    context.globalAlpha = TICK_ALPHA
    context.fillText(numberText(tick, digits), area.left - 6, scale.y(tick))
  }
  drawKlBars(context, scale, kl, active, looked, ink)
  drawKlNames(context, scale, kl.length, ink)
}

/** One bar a dimension; where there are more dimensions than pixels, the highest of each pixel. */
function drawKlBars(context, scale, kl, active, looked, ink) {
  const { area, slot } = scale
  const bars = Math.min(kl.length, Math.floor(area.right - area.left))
  const step = (area.right - area.left) / bars
  const wide = Math.min(48, Math.max(1, step > 4 ? step * 0.72 : step - (step > 2 ? 1 : 0)))
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * kl.length) / bars)
    const to = Math.max(from + 1, Math.floor(((bar + 1) * kl.length) / bars))
    const nats = Math.max(...kl.subarray(from, to))
    const x = area.left + (bar + 0.5) * step - wide / 2
    const off = !active.subarray(from, to).includes(1)
    const tall = Math.max(3, area.bottom - scale.y(nats))
    context.fillStyle = off ? ink.text : ink.accent
    context.globalAlpha = off ? 0.3 : looked === null || (looked >= from && looked < to) ? 0.9 : 0.45
    context.fillRect(x, area.bottom - tall, wide, tall)
  }
}

function drawKlNames(context, scale, latents, ink) {
  const { area, slot } = scale
  context.fillStyle = ink.text
  context.globalAlpha = TICK_ALPHA
  context.textAlign = "center"
  context.textBaseline = "top"
  const every = [1, 2, 5, 10, 20, 50, 100, 200].find((step) => step * slot >= 26) || 200
  for (let latent = 1; latent <= latents; latent++) {
    if (latent % every === 0) context.fillText(`z${latent}`, area.left + (latent - 0.5) * slot, area.bottom + 5)
  }
  context.globalAlpha = 1
}
