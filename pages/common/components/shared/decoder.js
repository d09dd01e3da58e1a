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

/** Copies planes of height x width into planes with a border of zeros, kept from call to call. */
function padding(channels, height, width) {
  const across = width + 2
  const plane = (height + 2) * across
  const padded = new Float32Array(channels * plane)
  const pad = (input) => {
    for (let line = 0; line < channels * height; line++) {
      const to = Math.floor(line / height) * plane + ((line % height) + 1) * across + 1
      for (let x = 0; x < width; x++) padded[to + x] = input[line * width + x]
    }
  }
  return { across, plane, padded, pad }
}

/** 3x3, padded by 1: for each pair of channels the nine weights stay at hand while they pass over the lines. */
function convolutionLayer([channels], [leaving, height, width], { weight, bias }) {
  const { across, plane, padded, pad } = padding(channels, height, width)
  const output = new Float32Array(leaving * height * width)
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

/**
 * A transposed convolution, 4x4 with stride 2, cropped to its shape. Each place of the input gives two by two pixels, and
 * each of these sums four products: for each pair of channels the sixteen weights stay at hand while they pass over the lines.
 */
function enlargeLayer([channels, high, wide], [leaving, height, width], { weight, bias }) {
  const { across, plane, padded, pad } = padding(channels, high, wide)
  const places = high * wide
  const sums = new Float32Array(4 * places) // the upper left pixel of all places, then upper right, lower left, lower right
  const output = new Float32Array(leaving * height * width)
  const addChannel = (k, from) => {
    const w = (index) => weight[k + index]
    const [w0, w1, w2, w3, w4, w5, w6, w7] = [w(0), w(1), w(2), w(3), w(4), w(5), w(6), w(7)]
    const [w8, w9, w10, w11, w12, w13, w14, w15] = [w(8), w(9), w(10), w(11), w(12), w(13), w(14), w(15)]
    for (let y = 0, at = 0; y < high; y++) {
      const above = from + y * across
      const here = above + across
      const below = here + across
      let [a0, a1, b0, b1] = [padded[above], padded[above + 1], padded[here], padded[here + 1]]
      let [c0, c1] = [padded[below], padded[below + 1]]
      for (let x = 0; x < wide; x++, at++) {
        const a2 = padded[above + x + 2]
        const b2 = padded[here + x + 2]
        const c2 = padded[below + x + 2]
        sums[at] += w5 * b1 + w7 * b0 + w13 * a1 + w15 * a0
        sums[at + places] += w6 * b1 + w4 * b2 + w14 * a1 + w12 * a2
        sums[at + 2 * places] += w9 * b1 + w11 * b0 + w1 * c1 + w3 * c0
        sums[at + 3 * places] += w10 * b1 + w8 * b2 + w2 * c1 + w0 * c2
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
    for (let leave = 0, to = 0; leave < leaving; leave++) {
      sums.fill(bias[leave])
      for (let enter = 0; enter < channels; enter++) addChannel(16 * (enter * leaving + leave), enter * plane)
      for (let y = 0; y < height; y++) {
        const from = 2 * (y & 1) * places + (y >> 1) * wide
        for (let x = 0; x < width; x++, to++) output[to] = sums[from + (x & 1) * places + (x >> 1)]
      }
    }
    return output
  }
}

/** 1x1: sums of whole planes, weighed. */
function mixLayer([channels], [leaving, height, width], { weight, bias }) {
  const places = height * width
  const output = new Float32Array(leaving * places)
  return (input) => {
    for (let leave = 0; leave < leaving; leave++) {
      const to = leave * places
      output.fill(bias[leave], to, to + places)
      for (let enter = 0; enter < channels; enter++) {
        const by = weight[leave * channels + enter]
        const from = enter * places
        for (let at = 0; at < places; at++) output[to + at] += by * input[from + at]
      }
    }
    return output
  }
}

/** x + mix(act(convolution(act(x)))), into the memory of x. */
function residualLayer(entering, [channels, height, width], weights, { activation, narrow }) {
  const between = [narrow, height, width]
  const act = LAYERS[activation]()
  const reduce = convolutionLayer(entering, between, { weight: weights["reduce.weight"], bias: weights["reduce.bias"] })
  const expand = mixLayer(between, entering, { weight: weights["expand.weight"], bias: weights["expand.bias"] })
  const copy = new Float32Array(channels * height * width)
  return (input) => {
    copy.set(input)
    const changes = expand(act(reduce(act(copy))))
    for (let at = 0; at < input.length; at++) input[at] += changes[at]
    return input
  }
}

export const LAYERS = {
  dense: denseLayer,
  relu: reluLayer,
  tanh: tanhLayer,
  reshape: () => (input) => input,
  upsample: upsampleLayer,
  convolution: convolutionLayer,
  enlarge: enlargeLayer,
  residual: residualLayer,
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
    this.layers = header.layers.map((described, index) => {
      const own = Object.entries(arrays).filter(([name]) => name.startsWith(`${index}.`))
      const weights = Object.fromEntries(own.map(([name, array]) => [name.slice(`${index}.`.length), array]))
      const layer = LAYERS[described.kind](entering, described.shape, weights, described)
      entering = described.shape
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
