// The part of the map that is sent again and again: how to look at it.

const places = new WeakMap()

export default function ({ data, parentElement }) {
  const meeting = meetingOf(data.key)
  meeting.view = data
  places.set(parentElement, data)
  meeting.map?.look(data)
  return () => {
    if (meeting.view === places.get(parentElement)) meeting.view = null
    places.delete(parentElement)
  }
}
