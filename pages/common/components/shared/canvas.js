// What every canvas drawing needs: the theme, a sharp context, and lines and text that are legible on top of points.

export const TICK_ALPHA = 0.6

/** The page's colours and font, from Streamlit's theme; the font size follows the page's. */
export function themeOf(host) {
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

/** An empty context whose unit is the CSS pixel, on a canvas as sharp as the screen. */
export function contextOf(canvas, width, height) {
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

/** Where a pointer event is, in CSS pixels from the element's corner. */
export function placeOf(event, element) {
  const { left, top } = element.getBoundingClientRect()
  return { x: event.clientX - left, y: event.clientY - top }
}

/** Calls `draw`, clipped to the area; the context's state is restored afterwards. */
export function clipped(context, { left, top, right, bottom }, draw) {
  context.save()
  context.beginPath()
  context.rect(left, top, right - left, bottom - top)
  context.clip()
  draw()
  context.restore()
}

export function lineAt(context, x0, y0, x1, y1) {
  context.beginPath()
  context.moveTo(x0, y0)
  context.lineTo(x1, y1)
  context.stroke()
}

/** Text with an outline in the page's colour, legible on top of points. */
export function outlinedText(context, text, x, y, theme) {
  context.textAlign = "center"
  context.textBaseline = "middle"
  context.lineJoin = "round"
  context.lineWidth = 5
  context.strokeStyle = theme.paper
  context.strokeText(text, x, y)
  context.fillStyle = theme.text
  context.fillText(text, x, y)
}

/** The line that `trace` traces, with an outline in the page's colour. */
export function outlinedLine(context, theme, colour, width, trace) {
  context.lineCap = "round"
  for (const [stroke, wide] of [
    [theme.paper, width + 2.5],
    [colour, width],
  ]) {
    context.beginPath()
    trace()
    context.strokeStyle = stroke
    context.lineWidth = wide
    context.stroke()
  }
}
