import assert from "node:assert/strict"
import { test } from "node:test"

import { atStep, timelineOf } from "../../pages/common/components/columns/timeline.js"
import { activeText, klScale } from "../../pages/common/components/shared/bars.js"
import { unpacked } from "../../pages/common/components/shared/blocks.js"
import { NO_LABEL } from "../../pages/common/components/shared/scatter.js"
import { alike, framesOf } from "../../pages/common/components/stage/frames.js"
import { assertClose, bytesOf, fixtures } from "./support.js"

function film() {
  const { header, arrays } = unpacked(bytesOf(fixtures.stage.content))
  return { arrays, frames: framesOf(header, arrays) }
}

test("a film's frames are those that Python packed, with samples of the posterior's covariance", () => {
  const { steps, epochs, kl, pixels, places, boxes } = fixtures.stage
  const { frames } = film()
  assert.deepEqual(
    frames.map(({ step, epoch }) => [step, epoch]),
    steps.map((step, at) => [step, epochs[at]]),
  )
  frames.forEach((frame, at) => {
    assertClose(frame.kl, kl[at])
    assert.deepEqual([...frame.pixels], pixels[at])
    assertClose(frame.places, places[at])
    assertClose(frame.box, boxes[at])
    assert.ok(frame.most >= Math.max(...kl[at]))
  })
})

test("one frame can turn into another of as many points and dimensions", () => {
  const [first, second] = film().frames
  assert.ok(alike(first, second))
  assert.ok(!alike(first, { ...second, kl: undefined }))
  assert.ok(!alike(first, { ...second, places: second.places.subarray(2) }))
})

test("a point without a class and an active unit are the same to Python and the browser", () => {
  assert.equal(NO_LABEL, fixtures.constants.no_label)
  assert.equal(film().arrays.labels[2], NO_LABEL)
  film().frames.forEach((frame, at) => {
    assert.deepEqual([...frame.active], fixtures.stage.active[at])
  })
  assert.equal(activeText(Uint8Array.of(1, 0, 1)), "2 of 3 active")
})

test("bars stand on the area's floor, reach its top at the most, and are cut above it", () => {
  const { area, slot, y } = klScale(200, 100, 4, 2)
  assert.equal(y(0), area.bottom)
  assert.equal(y(2), area.top)
  assert.equal(y(5), area.top)
  assert.equal(4 * slot, area.right - area.left)
})

test("films of different steps run on one line of steps", () => {
  const [one, other] = [{ steps: [0, 10, 40] }, { steps: [0, 20] }]
  assert.deepEqual(timelineOf([one, other]), [0, 10, 20, 40])
  assert.deepEqual(atStep(one.steps, 25), { index: 1, next: 2, share: 0.5 })
  assert.deepEqual(atStep(one.steps, 10), { index: 1, next: 2, share: 0 })
  assert.deepEqual(atStep(other.steps, 40), { index: 1, next: 1, share: 0 })
  assert.deepEqual(atStep([7], Infinity), { index: 0, next: 0, share: 0 })
})
