// Elements of the page. Users choose the names, so they are only ever set as text.

/** An element with its class and contents. */
export function made(tag, className = "", ...contents) {
  const element = document.createElement(tag)
  if (className) element.className = className
  element.append(...contents.filter((content) => content !== ""))
  return element
}

/** A canvas that screen readers announce as an image; its label is set when it is drawn. */
export function imageCanvas() {
  const canvas = made("canvas")
  canvas.setAttribute("role", "img")
  return canvas
}

/** Shows `text` beside (x, y), always within the panel; hides the tip if there is no text. */
export function showTip(panel, text, x, y) {
  const tip = panel.querySelector(".tip")
  tip.hidden = !text
  if (!text) return
  tip.textContent = text
  const left = Math.max(0, Math.min(panel.clientWidth - tip.offsetWidth, x + 12))
  const top = Math.max(0, y - tip.offsetHeight - 8)
  tip.style.transform = `translate(${left}px, ${top}px)`
}
