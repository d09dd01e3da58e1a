// What the stage says in words. Names come from people: they are only ever set as text.

const NAMES = { loss: "loss (held-out part)", reconstruction_nats: "reconstruction" }

function madeOf(tag, ...contents) {
  const element = document.createElement(tag)
  element.append(...contents)
  return element
}

function countText(count) {
  return count.toLocaleString("en")
}

function legendButton(name, colour) {
  const dot = document.createElement("i")
  dot.style.background = colour
  const button = madeOf("button", dot, madeOf("span", name))
  button.type = "button"
  button.title = name
  button.setAttribute("aria-pressed", "false")
  return button
}

/** Name, value and unit of all that is known of this moment. */
function figureRows(now) {
  const digits = (value) => ({ minimumFractionDigits: 1, maximumFractionDigits: Math.abs(value) < 10 ? 2 : 1 })
  const number = (value) => (value === null ? "–" : value.toLocaleString("en", digits(value)).replace("-", "−"))
  const { evaluated_step: at, kl_nats: _, ...known } = now.figures
  const when = at === undefined || at === now.step ? "" : `, step ${countText(at)}`
  const figures = Object.entries(known).map(([name, value]) => [
    (NAMES[name] ?? name.replaceAll("_", " ")) + when,
    number(value),
    "nats",
  ])
  // of this very frame, and so the sum of the bars
  if (now.kl) figures.push(["KL", number(now.kl.reduce((sum, value) => sum + value, 0)), "nats"])
  return [["step", countText(now.step), ""], ["epoch", now.epoch.toFixed(2), ""], ...figures]
}

function figureOf([name, value, unit]) {
  return madeOf("div", madeOf("dt", name), madeOf("dd", value, ...(unit ? [madeOf("small", unit)] : [])))
}

/** A word beside its place, always within the panel; without a word there is none. */
function showTip(panel, text, x, y) {
  const tip = panel.querySelector(".tip")
  tip.hidden = !text
  if (!text) return
  tip.textContent = text
  const left = Math.max(0, Math.min(panel.clientWidth - tip.offsetWidth, x + 12))
  const top = Math.max(0, y - tip.offsetHeight - 8)
  tip.style.transform = `translate(${left}px, ${top}px)`
}
