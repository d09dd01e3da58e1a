// The two parts of a map are components of their own; here they find each other by their key, whichever comes first.

function meetingOf(key) {
  const all = (globalThis.latentLabMaps ??= new Map())
  if (!all.has(key)) all.set(key, { map: null, view: null })
  return all.get(key)
}
