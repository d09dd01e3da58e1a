// A decoder in plain JavaScript: runs the flat list of layers written by Python, with buffers allocated once.
//
// A layer is created from its input shape, its output shape and its weights, all in torch's order.

import { unpacked } from "./blocks.js"
import { paint } from "./pictures.js"

/** Goes through the weights row by row, with four sums at a time so that none waits for another. */
function denseLayer(entering, [outputs], { weight, bias }) {
  const inputs = entering[0]
  const output = new Float32Array(outputs)
  return (input) => {
    for (let row = 0, at = 0; row < outputs; row++) {
      let a = 0
      let b = 0
      let c = 0
      let d = 0
      let k = 0
      for (; k + 3 < inputs; k += 4, at += 4) {
        a += weight[at] * input[k]
        b += weight[at + 1] * input[k + 1]
        c += weight[at + 2] * input[k + 2]
        d += weight[at + 3] * input[k + 3]
      }
      for (; k < inputs; k++, at++) a += weight[at] * input[k]
      output[row] = bias[row] + a + b + c + d
    }
    return output
  }
}

function reluLayer() {
  return (input) => {
    for (let at = 0; at < input.length; at++) if (input[at] < 0) input[at] = 0
    return input
  }
}

function tanhLayer() {
  return (input) => {
    for (let at = 0; at < input.length; at++) input[at] = Math.tanh(input[at])
    return input
  }
}

function upsampleLayer([, high, wide], [channels, height, width]) {
  const output = new Float32Array(channels * height * width)
  return (input) => {
    for (let line = 0, at = 0; line < channels * height; line++) {
      const from = (Math.floor(line / height) * high + ((line % height) >> 1)) * wide
      for (let x = 0; x < width; x++, at++) output[at] = input[from + (x >> 1)]
    }
    return output
  }
}

/** 3x3, padded by 1: for each pair of channels, the nine weights stay in variables while they pass over the lines. */
function convolutionLayer([channels], [leaving, height, width], { weight, bias }) {
  const across = width + 2
  const plane = (height + 2) * across
  const padded = new Float32Array(channels * plane)
  const output = new Float32Array(leaving * height * width)
  const pad = (input) => {
    for (let line = 0; line < channels * height; line++) {
      const to = Math.floor(line / height) * plane + ((line % height) + 1) * across + 1
      for (let x = 0; x < width; x++) padded[to + x] = input[line * width + x]
    }
  }
  const addChannel = (k, from, to) => {
    const w = (index) => weight[k + index]
    const [w0, w1, w2, w3, w4, w5, w6, w7, w8] = [w(0), w(1), w(2), w(3), w(4), w(5), w(6), w(7), w(8)]
    for (let y = 0; y < height; y++) {
      const above = from + y * across
      const here = above + across
      const below = here + across
      const out = to + y * width
      let [a0, a1, b0, b1] = [padded[above], padded[above + 1], padded[here], padded[here + 1]]
      let [c0, c1] = [padded[below], padded[below + 1]]
      for (let x = 0; x < width; x++) {
        const a2 = padded[above + x + 2]
        const b2 = padded[here + x + 2]
        const c2 = padded[below + x + 2]
        output[out + x] += w0 * a0 + w1 * a1 + w2 * a2 + w3 * b0 + w4 * b1 + w5 * b2 + w6 * c0 + w7 * c1 + w8 * c2
        a0 = a1
        a1 = a2
        b0 = b1
        b1 = b2
        c0 = c1
        c1 = c2
      }
    }
  }
  return (input) => {
    pad(input)
    for (let leave = 0; leave < leaving; leave++) {
      const to = leave * height * width
      output.fill(bias[leave], to, to + height * width)
      for (let enter = 0; enter < channels; enter++) addChannel(9 * (leave * channels + enter), enter * plane, to)
    }
    return output
  }
}

export const LAYERS = {
  dense: denseLayer,
  relu: reluLayer,
  tanh: tanhLayer,
  reshape: () => (input) => input,
  upsample: upsampleLayer,
  convolution: convolutionLayer,
}

/** Converts the decoder's output to the expected pixel, by Python's name of the activation. */
export const ACTIVATIONS = {
  none: (output) => output,
  sigmoid: (output) => 1 / (1 + Math.exp(-output)),
  "continuous-bernoulli": (output) => {
    if (Math.abs(output) >= 0.5) return -1 / Math.expm1(-output) - 1 / output
    const squared = output * output
    return 0.5 + (output / 12) * (1 - (squared / 60) * (1 - squared / 42))
  },
}

export class Decoder {
  constructor(bytes) {
    const { header, arrays } = unpacked(bytes)
    const [channels, height, width] = header.image
    Object.assign(this, { channels, height, width })
    this.activation = ACTIVATIONS[header.activation]
    this.code = new Float32Array(header.latent)
    let entering = [header.latent]
    this.layers = header.layers.map(({ kind, shape }, index) => {
      const layer = LAYERS[kind](entering, shape, { weight: arrays[`${index}.weight`], bias: arrays[`${index}.bias`] })
      entering = shape
      return layer
    })
  }

  /** The decoder's output for a code, before the activation: the same array each time. */
  output(code) {
    this.code.set(code)
    return this.layers.reduce((values, layer) => layer(values), this.code)
  }

  /** The expected image of a code as an ImageData, the same one each time; values are clipped to [0, 1]. */
  decode(code) {
    const values = this.output(code)
    const { activation } = this
    this.picture ??= new ImageData(this.width, this.height)
    paint(this.picture, (at) => 255 * activation(values[at]), this.channels)
    return this.picture
  }
}
