// Links of which a plain click, or a key, stays in the app; any other (a new tab, a new window) is the browser's own.

const WRITES = "input, textarea, select, [contenteditable]"

function linkOf({ id, label, address, done, here, help, key, off, mark }, look, choose) {
  const anchor = document.createElement("a")
  anchor.dataset.mark = mark
  anchor.append(label)
  anchor.title = help
  anchor.classList.toggle("done", done === true)
  anchor.classList.toggle("open", done === false)
  if (here) anchor.setAttribute("aria-current", "page")
  if (done && look === "contents") anchor.setAttribute("aria-label", `${label}, done`)
  if (key) {
    const letter = document.createElement("kbd")
    letter.textContent = key.toUpperCase()
    letter.setAttribute("aria-hidden", "true")
    anchor.append(letter)
    anchor.setAttribute("aria-keyshortcuts", key.toUpperCase())
  }
  if (off) {
    anchor.setAttribute("role", "link")
    anchor.setAttribute("aria-disabled", "true")
  } else {
    anchor.href = address
    anchor.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return
      event.preventDefault()
      choose(id)
    }
  }
  const line = document.createElement("li")
  line.append(anchor)
  return line
}

/** The entry whose key was pressed, unless somebody writes or the browser is meant. */
function entryOf(event, entries) {
  const writes = event.composedPath()[0].matches?.(WRITES)
  if (writes || event.metaKey || event.ctrlKey || event.altKey || event.repeat) return undefined
  return entries.find(({ key, off }) => key && !off && key === event.key.toLowerCase())
}

const listeners = new WeakMap()

function stopListening(parentElement) {
  document.removeEventListener("keydown", listeners.get(parentElement))
  listeners.delete(parentElement)
}

export default function ({ data, parentElement, setTriggerValue }) {
  const choose = (id) => setTriggerValue("chosen", id)
  const list = parentElement.querySelector("nav")
  list.className = data.look
  list.setAttribute("aria-label", data.label)
  parentElement.querySelector("ol").replaceChildren(...data.entries.map((entry) => linkOf(entry, data.look, choose)))
  stopListening(parentElement)
  if (data.entries.some(({ key }) => key)) {
    const pressed = (event) => {
      const entry = entryOf(event, data.entries)
      if (entry) choose(entry.id)
    }
    listeners.set(parentElement, pressed)
    document.addEventListener("keydown", pressed)
  }
  return () => stopListening(parentElement)
}
