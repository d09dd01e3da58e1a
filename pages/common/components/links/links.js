// Links that stay in the app on a plain click or a key. Any other click (a new tab, a new window) is left to the browser.

import { made } from "../shared/elements.js"
import { mounted } from "../shared/mount.js"

const TYPING = "input, textarea, select, [contenteditable]"

function linkOf({ id, label, address, done, here, help, key, off, mark }, look, choose) {
  const anchor = made("a", "", label)
  anchor.dataset.mark = mark
  anchor.title = help
  anchor.classList.toggle("done", done === true)
  anchor.classList.toggle("open", done === false)
  if (here) anchor.setAttribute("aria-current", "page")
  if (done && look === "contents") anchor.setAttribute("aria-label", `${label}, done`)
  if (key) {
    const letter = made("kbd", "", key.toUpperCase())
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
  return made("li", "", anchor)
}

/** The entry whose key was pressed, unless the user is typing or the key is meant for the browser. */
function entryOf(event, entries) {
  const typing = event.composedPath()[0].matches?.(TYPING)
  if (typing || event.metaKey || event.ctrlKey || event.altKey || event.repeat) return undefined
  return entries.find(({ key, off }) => key && !off && key === event.key.toLowerCase())
}

class Links {
  constructor(root) {
    this.root = root
    this.onKey = (event) => {
      const entry = entryOf(event, this.entries)
      if (entry) this.choose(entry.id)
    }
  }

  receive({ label, look, entries }, { setTriggerValue }) {
    this.entries = entries
    this.choose = (id) => setTriggerValue("chosen", id)
    const list = this.root.querySelector("nav")
    list.className = look
    list.setAttribute("aria-label", label)
    this.root.querySelector("ol").replaceChildren(...entries.map((entry) => linkOf(entry, look, this.choose)))
    document.addEventListener("keydown", this.onKey)
  }

  close() {
    document.removeEventListener("keydown", this.onKey)
  }
}

export default mounted(Links)
