import assert from "node:assert/strict"
import { test } from "node:test"

import { moved, onPlane, ownCode } from "../../pages/common/components/columns/shared_code.js"
import { klOf } from "../../pages/common/components/kl_surface/drawing.js"
import { cloudPlaces, cloudScale } from "../../pages/common/components/latent_map/projection.js"
import { nearestOnPath } from "../../pages/common/components/rate_curve/path.js"
import { boxOf, mapScale, nearestRow, planeOf, pointAt } from "../../pages/common/components/shared/plane.js"
import { assertClose, fixtures } from "./support.js"

test("a cloud of three latents is turned and tipped as rotation matrices do it", () => {
  const { codes, turn, size, places, depths, order } = fixtures.cloud
  const values = Float32Array.from(codes)
  const seen = cloudPlaces(values, cloudScale(values, true, turn, ...size))
  assertClose(seen.places, places)
  assertClose(seen.depths, depths)
  assert.deepEqual([...seen.order], order)
})

for (const { order, code, plane, own, place, target, moved: expected } of fixtures.shared_codes) {
  test(`a shared code stands on a model's map and moves within it, order ${order}`, () => {
    assertClose(ownCode(code, order, 3), own)
    assertClose(onPlane(own, plane), place)
    const there = moved(code, target, order, plane)
    assertClose(there, expected)
    assertClose(onPlane(ownCode(there, order, 3), plane), target)
  })
}

test("a plane takes two dimensions of each code, or one beside zeros", () => {
  const codes = Float32Array.of(1, 2, 3, 4, 5, 6)
  assert.deepEqual([...planeOf(codes, 3, [2, 0], false)], [3, 1, 6, 4])
  assert.deepEqual([...planeOf(codes, 3, [1, 1], true)], [2, 0, 5, 0])
})

test("a map has one scale for both axes and its box in the middle", () => {
  const scale = mapScale([-1, 3, -2, 2], 448, 246)
  const { left, right, top, bottom } = scale.area
  assert.deepEqual(scale.area, { left: 40, top: 8, right: 440, bottom: 208 })
  assert.equal(scale.unit, 50)
  assertClose([scale.x(1), scale.y(0)], [(left + right) / 2, (top + bottom) / 2])
  assertClose([scale.x(2) - scale.x(1), scale.y(1) - scale.y(2)], [50, 50])
})

test("a box holds all points with room, and of a VAE the prior's circles", () => {
  const places = Float32Array.of(0, 1, 10, 2)
  assertClose(boxOf(places, false, false), [-0.4, 10.4, 0.6, 2.4])
  assertClose(boxOf(places, false, true), [-0.4, 10.4, 0, 0])
  const [left, right, low, high] = boxOf(Float32Array.of(0, 0), true, false)
  assert.ok(left < -2.3 && right > 2.3 && low < -2.3 && high > 2.3)
})

test("the nearest point of all, and the nearest within 12 pixels", () => {
  const rows = Float32Array.of(0, 0, 3, 4, 30, 40)
  assert.equal(nearestRow(rows, [20, 20]), 2)
  assert.equal(nearestRow(rows, [1, 1]), 0)
  assert.equal(pointAt(rows, 4, 4), 1)
  assert.equal(pointAt(rows, 15, 20), null)
})

test("a point is dragged along a line of many pieces", () => {
  const path = [
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 10, y: 10 },
  ]
  assert.deepEqual(nearestOnPath(path, 4, -3), { x: 4, y: 0 })
  assert.deepEqual(nearestOnPath(path, 30, 5), { x: 10, y: 5 })
  assert.deepEqual(nearestOnPath(path, -5, -5), { x: 0, y: 0 })
})

test("the KL of a normal from N(0, 1) is Python's", () => {
  for (const [mean, variance, kl] of fixtures.kl) assertClose([klOf(mean, variance)], [kl])
})
