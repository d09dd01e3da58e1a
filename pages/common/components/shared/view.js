// The small part of a component in two parts: it sets the view of the scene with the same key and draws nothing itself.

import { channelOf } from "./channel.js"

const latest = new WeakMap()

export default function ({ data, parentElement }) {
  const channel = channelOf(data.key)
  channel.view = data
  latest.set(parentElement, data)
  channel.scene?.look(data)
  return () => {
    if (channel.view === latest.get(parentElement)) channel.view = null
    latest.delete(parentElement)
  }
}
