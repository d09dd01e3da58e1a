// Images: on a canvas of their own, side by side in strips, and rows of strips with their names.

import { made } from "./elements.js"

const CAPTION = 17
const GAP = 4

/** The largest images that fit: the number per line, and their scale, in whole screen pixels if possible. */
export function rowsLayout(count, height, width, room, most, rows) {
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

/** Images (count, channel, height, width) side by side in one canvas, one screen pixel per image pixel. */
export function stripOf(pixels, [count, channels, height, width]) {
  const strip = made("canvas")
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

/** Name and strip of each row; the row without a strip changes from frame to frame. */
export function rowsOf(arrays, shape) {
  const clean = stripOf(arrays.inputs, shape)
  if (!arrays.corrupted)
    return [
      ["input", clean],
      ["reconstruction", null],
    ]
  return [
    ["corrupted", stripOf(arrays.corrupted, shape)],
    ["restored", null],
    ["clean", clean],
  ]
}

/** `mix` 0 shows the reconstructions of `from`, 1 those of `to`. */
export function drawRows(context, layout, shape, rows, from, to, mix, theme) {
  const [count, , height, width] = shape
  const size = { x: width * layout.scale, y: height * layout.scale }
  context.imageSmoothingEnabled = false
  context.font = theme.letters(12)
  context.fillStyle = theme.text
  context.textBaseline = "alphabetic"
  for (let line = 0; line < layout.lines; line++) {
    const top = line * (layout.line + GAP)
    context.globalAlpha = 0.75
    const topOf = (row) => top + CAPTION + row * (size.y + CAPTION)
    for (const [row, [name]] of rows.entries()) context.fillText(name, 0, topOf(row) - 5)
    const first = line * layout.columns
    for (let image = first; image < Math.min(first + layout.columns, count); image++) {
      const x = (image - first) * (size.x + GAP)
      const draw = (strip, y, alpha) => {
        context.globalAlpha = alpha
        context.drawImage(strip, image * width, 0, width, height, x, y, size.x, size.y)
      }
      rows.forEach(([, strip], row) => {
        draw(strip ?? from, topOf(row), 1)
        if (!strip && mix > 0) draw(to, topOf(row), mix)
      })
    }
  }
  context.globalAlpha = 1
}

/** Fills an ImageData with the values of a grey or colour image, planes one after the other. */
export function paint(picture, valueAt, channels) {
  const { data } = picture
  const plane = picture.width * picture.height
  for (let at = 0; at < plane; at++) {
    const grey = valueAt(at)
    data[4 * at] = grey
    data[4 * at + 1] = channels === 3 ? valueAt(at + plane) : grey
    data[4 * at + 2] = channels === 3 ? valueAt(at + 2 * plane) : grey
    data[4 * at + 3] = 255
  }
}

/** Puts an ImageData on a canvas of its size. */
export function putPicture(canvas, picture) {
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width
    canvas.height = picture.height
  }
  canvas.getContext("2d").putImageData(picture, 0, 0)
}
