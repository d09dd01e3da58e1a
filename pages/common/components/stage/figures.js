// The figures above the stage.

import { made } from "../shared/elements.js"
import { countText, withMinus } from "../shared/numbers.js"

const NAMES = { loss: "loss (held-out part)", reconstruction_nats: "reconstruction" }

/** Name, value and unit of every figure known at this moment. */
export function figureRows(now) {
  const digits = (value) => ({ minimumFractionDigits: 1, maximumFractionDigits: Math.abs(value) < 10 ? 2 : 1 })
  const number = (value) => (value === null ? "–" : withMinus(value.toLocaleString("en", digits(value))))
  const { evaluated_step: at, kl_nats: _, ...known } = now.figures
  const when = at === undefined || at === now.step ? "" : `, step ${countText(at)}`
  const figures = Object.entries(known).map(([name, value]) => [
    (NAMES[name] ?? name.replaceAll("_", " ")) + when,
    number(value),
    "nats",
  ])
  // from this frame itself, so that it equals the sum of the bars
  if (now.kl) figures.push(["KL", number(now.kl.reduce((sum, value) => sum + value, 0)), "nats"])
  return [["step", countText(now.step), ""], ["epoch", now.epoch.toFixed(2), ""], ...figures]
}

export function figureOf([name, value, unit]) {
  return made("div", "", made("dt", "", name), made("dd", "", value, ...(unit ? [made("small", "", unit)] : [])))
}
