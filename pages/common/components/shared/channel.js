/**
 * Connects two components with the same key, whichever comes first: a large one that seldom changes, and a small one that
 * is sent often and says what is new. A plain object, shared by all scripts of the page.
 */
export function channelOf(key) {
  globalThis.latentLabChannels ??= new Map()
  const channels = globalThis.latentLabChannels
  if (!channels.has(key)) channels.set(key, { scene: null, view: null })
  return channels.get(key)
}
