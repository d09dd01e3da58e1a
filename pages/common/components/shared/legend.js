import { made } from "./elements.js"

/** The classes beside their colours. Hovering or focusing one highlights it, a click keeps it highlighted. */
export class Legend {
  constructor(list, onChange) {
    this.list = list
    this.onChange = onChange
    this.hovered = this.pinned = null
  }

  /** The class to highlight, or null for all alike. */
  get highlighted() {
    return this.hovered ?? this.pinned
  }

  /** Writes the entries, unless they are there already. */
  write(classes, colours) {
    const text = JSON.stringify([classes, colours])
    if (text === this.written) return
    this.written = text
    this.hovered = this.pinned = null
    this.list.replaceChildren(...classes.map((name, label) => made("li", "", this.button(name, label, colours))))
  }

  button(name, label, colours) {
    const dot = made("i")
    dot.style.background = colours[label % colours.length]
    const button = made("button", "", dot, made("span", "", name))
    button.type = "button"
    button.title = name
    button.setAttribute("aria-pressed", "false")
    button.onpointerenter = button.onfocus = () => this.hover(label)
    button.onpointerleave = button.onblur = () => this.hover(null)
    button.onclick = () => this.pin(this.pinned === label ? null : label)
    return button
  }

  hover(label) {
    this.hovered = label
    this.onChange()
  }

  pin(label) {
    this.pinned = label
    for (const [index, button] of this.list.querySelectorAll("button").entries()) {
      button.setAttribute("aria-pressed", String(index === label))
    }
    this.onChange()
  }
}
