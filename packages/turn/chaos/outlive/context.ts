import type { ModelRequest } from '@turnstead/testkit'

/** What a model is told, without what differs between two runs of the same: ids. */
export function contextOf({ messages }: Pick<ModelRequest, 'messages'>): string {
  const named = new Map<string, string>()
  const name = (id: string): string => {
    const known = named.get(id) ?? `id-${named.size}`
    named.set(id, known)
    return known
  }
  return JSON.stringify(messages, null, 1).replaceAll(
    /\b(?:call|ses|msg|prt|per|tool)_[A-Za-z0-9_-]{3,}/g,
    name,
  )
}

/** Where two contexts part, for a person. */
export function firstDifference(one: string, other: string): string {
  const [a, b] = [one.split('\n'), other.split('\n')]
  const at = a.findIndex((line, index) => line !== b[index])
  return `line ${at}: ${a[at]?.slice(0, 200)} | ${b[at]?.slice(0, 200)} (${a.length} and ${b.length} lines)`
}
