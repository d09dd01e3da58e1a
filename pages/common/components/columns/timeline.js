// Films of several runs on one timeline.

/** The steps of all columns, each once, in order. */
export function timelineOf(columns) {
  return [...new Set(columns.flatMap((column) => column.steps))].sort((a, b) => a - b)
}

/** A film's position at a step: between the frames `index` and `next`, `share` of the way. */
export function atStep(steps, step) {
  let index = 0
  while (index + 1 < steps.length && steps[index + 1] <= step) index++
  const next = Math.min(index + 1, steps.length - 1)
  const gap = steps[next] - steps[index]
  return { index, next, share: gap > 0 ? Math.max(0, Math.min(1, (step - steps[index]) / gap)) : 0 }
}
