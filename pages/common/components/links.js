/** A link a line: a plain click stays on the page, any other (a new tab, a new window) is the browser's own. */
export default function ({ data, parentElement, setTriggerValue }) {
  const link = ({ id, label, address, done, here, help }) => {
    const anchor = document.createElement("a")
    anchor.textContent = label
    anchor.href = address
    anchor.title = help
    anchor.classList.toggle("done", done === true)
    anchor.classList.toggle("open", done === false)
    if (here) anchor.setAttribute("aria-current", "page")
    if (done) anchor.setAttribute("aria-label", `${label}, done`)
    anchor.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return
      event.preventDefault()
      setTriggerValue("chosen", id)
    }
    const line = document.createElement("li")
    line.append(anchor)
    return line
  }
  const list = parentElement.querySelector("nav")
  list.className = data.across ? "doors" : "contents"
  list.setAttribute("aria-label", data.label)
  parentElement.querySelector("ol").replaceChildren(...data.entries.map(link))
}
