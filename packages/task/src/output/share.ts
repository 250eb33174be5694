/**
 * The new value, with the old one's objects wherever nothing in them changed: so that a page's memoised parts, and whoever
 * compares by identity, see what is new. Both are plain JSON.
 */
export function shared<Value>(before: unknown, next: Value): Value {
  return share(before, next) as Value
}

function share(before: unknown, next: unknown): unknown {
  if (Object.is(before, next)) return before
  if (typeof before !== 'object' || typeof next !== 'object') return next
  if (before === null || next === null) return next
  if (Array.isArray(next)) return Array.isArray(before) ? shareList(before, next) : next
  return Array.isArray(before) ? next : shareObject(before, next)
}

function shareList(before: readonly unknown[], next: readonly unknown[]): readonly unknown[] {
  const known = new Map(before.map((item) => [nameOf(item), item]))
  const items = next.map((item, index) => {
    const name = nameOf(item)
    return share(name === null ? before[index] : known.get(name), item)
  })
  const isSame = before.length === next.length && items.every((item, at) => item === before[at])
  return isSame ? before : items
}

/** By what an item of a list is the same, wherever it stands: a preview leaves out the first ones. */
function nameOf(item: unknown): string | null {
  if (typeof item !== 'object' || item === null) return null
  const { id, toolCallId, providerMetadata } = item as Readonly<Record<string, unknown>>
  if (typeof id === 'string') return id
  if (typeof toolCallId === 'string') return `call ${toolCallId}`
  const mark = JSON.stringify(providerMetadata)
  return mark === undefined ? null : `part ${mark}`
}

function shareObject(before: object, next: object): object {
  const old = before as Readonly<Record<string, unknown>>
  const entries = Object.entries(next).map(([key, value]) => [key, share(old[key], value)] as const)
  const isSame =
    Object.keys(old).length === entries.length &&
    entries.every(([key, value]) => Object.hasOwn(old, key) && Object.is(old[key], value))
  return isSame ? before : Object.fromEntries(entries)
}
