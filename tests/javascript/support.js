import assert from "node:assert/strict"
import { readFileSync } from "node:fs"

export const fixtures = JSON.parse(readFileSync(new URL("fixtures.json", import.meta.url), "utf-8"))

export function bytesOf(base64) {
  return new Uint8Array(Buffer.from(base64, "base64"))
}

/** Fails unless both hold as many numbers, each within `tolerance` of its counterpart, relative to those above 1. */
export function assertClose(actual, expected, tolerance = 1e-5) {
  assert.equal(actual.length, expected.length)
  expected.forEach((value, at) => {
    const away = Math.abs(actual[at] - value)
    assert.ok(away <= tolerance * Math.max(1, Math.abs(value)), `[${at}]: ${actual[at]} is not ${value}`)
  })
}
