import assert from "node:assert/strict"
import { test } from "node:test"

import { channelOf } from "../../pages/common/components/shared/channel.js"
import { mounted } from "../../pages/common/components/shared/mount.js"
import { StopSlider } from "../../pages/common/components/shared/slider.js"
import view from "../../pages/common/components/shared/view.js"

test("a place on the page has one view, which is closed and made again after it left", () => {
  const events = []
  class View {
    constructor(root) {
      events.push(`made in ${root.name}`)
    }
    receive(data, { setStateValue }) {
      events.push(data)
      setStateValue("settled", data)
    }
    close() {
      events.push("closed")
    }
  }
  const component = mounted(View)
  const root = { name: "root" }
  const reported = []
  const put = (data) =>
    component({ data, parentElement: root, setStateValue: (...args) => reported.push(args), setTriggerValue() {} })
  put("first")
  const clean = put("second")
  clean()
  put("third")
  assert.deepEqual(events, ["made in root", "first", "second", "closed", "made in root", "third"])
  assert.deepEqual(reported.at(-1), ["settled", "third"])
})

test("scene and view find each other by their key, whichever comes first", () => {
  const looked = []
  const channel = channelOf("map")
  const parentElement = {}
  const clean = view({ data: { key: "map", z: [1] }, parentElement })
  assert.deepEqual(channel.view, { key: "map", z: [1] })
  channel.scene = { look: ({ z }) => looked.push(z) }
  view({ data: { key: "map", z: [2] }, parentElement })
  view({ data: { key: "other", z: [3] }, parentElement: {} })
  assert.deepEqual(looked, [[2]])
  clean()
  assert.equal(channel.view, null)
})

function sliderOf(options) {
  const canvas = {
    attributes: {},
    setAttribute(name, value) {
      this.attributes[name] = value
    },
    setPointerCapture() {},
    getBoundingClientRect: () => ({ left: 100, top: 0 }),
  }
  const settled = []
  const stopAt = ({ x }) => Math.round(x / 10)
  const slider = new StopSlider(canvas, { stopAt, onMove() {}, onSettle: (stop) => settled.push(stop), ...options })
  slider.last = 4
  return { canvas, slider, settled }
}

test("a slider reports where it was let go of, not each place on the way", () => {
  const { canvas, slider, settled } = sliderOf()
  canvas.onpointerdown({ pointerId: 1, clientX: 112, clientY: 0 })
  canvas.onpointermove({ clientX: 131, clientY: 0 })
  assert.equal(slider.stop, 3)
  assert.deepEqual(settled, [])
  canvas.onpointerup()
  canvas.onpointermove({ clientX: 100, clientY: 0 })
  assert.equal(slider.stop, 3)
  assert.deepEqual(settled, [3])
  slider.describe("beta 4")
  assert.equal(canvas.attributes["aria-valuenow"], 3)
  assert.equal(canvas.attributes["aria-valuetext"], "beta 4")
})

test("the keys move a slider within its ends, in the direction of its axis", () => {
  const { canvas, slider, settled } = sliderOf({ keys: { ArrowLeft: 1, ArrowRight: -1 } })
  const press = (key) => canvas.onkeydown({ key, preventDefault() {} })
  for (const key of ["ArrowRight", "ArrowLeft", "End", "ArrowLeft", "Home", "a"]) press(key)
  assert.deepEqual(settled, [0, 1, 4, 4, 0])
  assert.equal(slider.stop, 0)
})
