import type { Change } from './change.js'

/**
 * Adds a change to changes that nobody has read yet, and merges it with them where that loses nothing but the steps
 * in between. Folded, the queue gives the same state as before.
 */
export function coalesce(queue: Change[], change: Change): void {
  const subject = subjectOf(change)
  if (subject === null) {
    queue.push(change)
    return
  }
  const index = queue.findLastIndex((each) => subjectOf(each) === subject)
  const waiting = queue[index]
  const merged = waiting === undefined ? null : merge(waiting, change)
  if (merged === null) queue.push(change)
  else queue[index] = merged
}

/** What a change is about, when a later change about it can take its place. */
function subjectOf(change: Change): string | null {
  switch (change.type) {
    case 'part-added':
    case 'part-changed':
    case 'part-finished':
    case 'tool-progressed':
      return `part ${change.part.id}`
    case 'text-delta':
    case 'part-removed':
      return `part ${change.partId}`
    case 'message-changed':
      return `message ${change.message.id}`
    case 'child-changed':
    case 'status-changed':
      return `${change.type} ${change.sessionId}`
    case 'todos-changed':
    case 'totals-changed':
      return change.type
    default:
      return null
  }
}

function merge(waiting: Change, change: Change): Change | null {
  const { revision } = change
  if (change.type === 'text-delta') {
    if (waiting.type === 'text-delta') {
      return { ...change, delta: waiting.delta + change.delta }
    }
    return lengthened(waiting, change.delta, revision)
  }
  if (change.type === 'part-added' || change.type === 'part-removed') return null
  if ('part' in change && waiting.type === 'part-added')
    return { ...waiting, part: change.part, revision }
  if (waiting.type === 'part-removed') return null
  return change
}

function lengthened(waiting: Change, delta: string, revision: number): Change | null {
  if (waiting.type !== 'part-added' && waiting.type !== 'part-changed') return null
  const { part } = waiting
  if (part.kind !== 'text' && part.kind !== 'reasoning') return null
  return { ...waiting, part: { ...part, text: part.text + delta }, revision }
}
