import assert from "node:assert/strict"
import { test } from "node:test"

import { unpacked } from "../../pages/common/components/shared/blocks.js"
import { ACTIVATIONS, Decoder } from "../../pages/common/components/shared/decoder.js"
import { assertClose, bytesOf, fixtures } from "./support.js"

test("bytes are unpacked as Python packed them", () => {
  const { content, title, bytes, floats } = fixtures.blocks
  const { header, arrays } = unpacked(bytesOf(content))
  assert.equal(header.title, title)
  assert.ok(arrays.bytes instanceof Uint8Array)
  assert.deepEqual([...arrays.bytes], bytes)
  assertClose(arrays.floats, floats.flat(), 1e-6)
})

for (const { name, content, codes, output, image } of fixtures.decoders) {
  test(`the decoder gives torch's output and expected image: ${name}`, () => {
    const decoder = new Decoder(bytesOf(content))
    codes.forEach((code, at) => {
      const values = decoder.output(code)
      assertClose(values, output[at])
      assertClose([...values].map(decoder.activation), image[at])
    })
  })
}

for (const { name, output, image } of fixtures.activations) {
  test(`the expected pixel of an output is torch's: ${name}`, () => {
    assertClose(output.map(ACTIVATIONS[name]), image)
  })
}

test("a code decoded again gives the same image: no layer keeps anything of the last one", () => {
  for (const { content, codes, output } of fixtures.decoders) {
    const decoder = new Decoder(bytesOf(content))
    for (const at of [0, 1, 0]) assertClose(decoder.output(codes[at]), output[at])
  }
})
