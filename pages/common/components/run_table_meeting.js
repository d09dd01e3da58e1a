// The table and what is live in it are components of their own; here they find each other by their key.

function tableMeeting(key) {
  const all = (globalThis.latentLabTables ??= new Map())
  if (!all.has(key)) all.set(key, { table: null })
  return all.get(key)
}
