/**
 * Where two components with the same key find each other, whichever comes first: a large one that seldom changes, and a
 * small one that is sent again and again and says what is new. A plain object, shared by all scripts of the page.
 */
export function channelOf(key) {
  globalThis.latentLabChannels ??= new Map()
  const channels = globalThis.latentLabChannels
  if (!channels.has(key)) channels.set(key, { scene: null, view: null })
  return channels.get(key)
}
