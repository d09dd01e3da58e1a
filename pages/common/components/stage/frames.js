// From the arrays that Python packed (`vae_core/viz/stage_data.py`) to frames that can be drawn and mixed.

import { normals } from "../shared/numbers.js"
import { boxOf } from "../shared/plane.js"

/** The frames in order; `most` is the top of the KL axis, `box` the part of the plane that a frame needs. */
export function framesOf(header, arrays) {
  const points = arrays.labels.length
  const flat = header.axes[1] === ""
  const noise = arrays.spread ? normals(2 * points) : null
  const part = (array, index, count) => array?.subarray(index * count, (index + 1) * count)
  return header.steps.map((step, index) => {
    const means = part(arrays.places, index, 2 * points)
    const places = noise ? sampled(means, part(arrays.spread, index, 3 * points), noise) : means
    const kl = part(arrays.kl, index, header.latents)
    return {
      step,
      epoch: header.epochs[index] ?? 0,
      figures: header.figures[index],
      places,
      kl,
      active: part(arrays.active, index, header.latents),
      pixels: part(arrays.reconstructions, index, arrays.reconstructions.length / header.steps.length),
      most: kl ? Math.max(0.05, 1.08 * Math.max(...kl)) : 0,
      box: boxOf(places, header.prior, flat),
    }
  })
}

/** Codes drawn from each point's posterior on the map: its mean, plus [a 0; b c] times fixed noise of its own. */
export function sampled(means, spread, noise) {
  return means.map((mean, at) => {
    const point = at >> 1
    const [u, v] = [noise[2 * point], noise[2 * point + 1]]
    return mean + (at % 2 ? spread[3 * point + 1] * u + spread[3 * point + 2] * v : spread[3 * point] * u)
  })
}

/** Whether one frame can turn into the other. */
export function alike(from, to) {
  return from.places.length === to.places.length && from.kl?.length === to.kl?.length
}
