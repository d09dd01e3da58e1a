import assert from "node:assert/strict"
import { test } from "node:test"

import { axisOf, linearTicks, logTicks, ticksOf } from "../../pages/common/components/shared/axes.js"
import { mixed, normals, numberText } from "../../pages/common/components/shared/numbers.js"
import { assertClose, fixtures } from "./support.js"

for (const { base, ends, pixels, values, places } of fixtures.axes) {
  test(`an axis maps values to pixels and back, ${base ? `logarithmic to base ${base}` : "linear"}`, () => {
    const axis = axisOf(ends, base, ...pixels)
    assertClose(values.map(axis.at), places)
    assertClose(places.map(axis.value), values)
  })
}

test("ticks are round numbers within the ends, with the decimals that they need", () => {
  assert.deepEqual(ticksOf(0, 10, 5), { ticks: [0, 2, 4, 6, 8, 10], digits: 0 })
  assert.deepEqual(ticksOf(-1.2, 1.2, 5).ticks, [-1, -0.5, 0, 0.5, 1])
  assert.equal(ticksOf(0, 0.3, 3).digits, 1)
  const flat = ticksOf(3, 3, 4)
  assert.ok(flat.ticks.length <= 5)
})

test("tick labels have real minus signs and percent signs", () => {
  assert.deepEqual(
    linearTicks([-2, 2], 200, 50).map(({ text }) => text),
    ["−2", "−1", "0", "1", "2"],
  )
  assert.deepEqual(
    linearTicks([0, 1], 100, 50, true).map(({ value, text }) => [value, text]),
    [
      [0, "0 %"],
      [0.5, "50 %"],
      [1, "100 %"],
    ],
  )
})

test("a logarithmic axis has the powers of its base, and 2 and 5 times those of ten where there is room", () => {
  const values = (...args) => logTicks(...args).map(({ value }) => value)
  assert.deepEqual(values([1, 32], 2, 300, 20), [1, 2, 4, 8, 16, 32])
  assert.deepEqual(values([0.9, 120], 10, 100, 30), [1, 10, 100])
  assert.deepEqual(values([0.9, 120], 10, 900, 30), [1, 2, 5, 10, 20, 50, 100])
})

test("numbers as text: no negative zero, a real minus sign", () => {
  assert.equal(numberText(-1e-15, 2), "0.00")
  assert.equal(numberText(-1.25, 1), "−1.3")
})

test("the fixed noise is standard normal and the same as Python's", () => {
  assertClose(normals(fixtures.normals.length), fixtures.normals)
  const many = normals(4096)
  const mean = many.reduce((sum, value) => sum + value, 0) / many.length
  const variance = many.reduce((sum, value) => sum + (value - mean) ** 2, 0) / many.length
  assert.ok(Math.abs(mean) < 0.06 && Math.abs(variance - 1) < 0.1, `mean ${mean}, variance ${variance}`)
})

test("mixing goes from one array to the other", () => {
  const [from, to] = [Float32Array.of(0, 2), Float32Array.of(4, 2)]
  assert.equal(mixed(from, to, 0), from)
  assert.equal(mixed(from, to, 1), to)
  assert.deepEqual([...mixed(from, to, 0.25)], [1, 2])
})
