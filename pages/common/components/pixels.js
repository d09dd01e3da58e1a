// Images as crisp pixels on one canvas: no file is made for them, so a new picture is there at once.

const GAP = 1

function drawn(canvas, header, bytes) {
  const [count, channels, height, width] = header.shape
  const columns = Math.min(header.columns, count)
  const rows = Math.ceil(count / columns)
  canvas.width = columns * (width + GAP) - GAP
  canvas.height = rows * (height + GAP) - GAP
  const pen = canvas.getContext("2d")
  const tile = pen.createImageData(width, height)
  const size = height * width
  for (let index = 0; index < count; index += 1) {
    const start = index * channels * size
    for (let pixel = 0; pixel < size; pixel += 1) {
      for (let colour = 0; colour < 3; colour += 1) {
        tile.data[4 * pixel + colour] = bytes[start + (channels === 3 ? colour * size : 0) + pixel]
      }
      tile.data[4 * pixel + 3] = 255
    }
    pen.putImageData(tile, (index % columns) * (width + GAP), Math.floor(index / columns) * (height + GAP))
  }
}

export default function ({ parentElement, data }) {
  const canvas = parentElement.querySelector("canvas")
  const { header, arrays } = unpacked(data)
  drawn(canvas, header, arrays.images)
  canvas.style.width = `${header.width}px`
  canvas.setAttribute("aria-label", header.alt)
}
