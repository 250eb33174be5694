import type { Change } from './change.js'

/**
 * Changes that no one has read yet.
 *
 * A change takes the place of an earlier one about the same thing where that loses nothing but the steps in between:
 * folded, the queue gives the same state. So a reader that sleeps costs as much as what there is to show and the
 * parts that went, not as much as what happened.
 */
export class ChangeQueue {
  /** In reading order. */
  #slots = new Map<number, Change>()
  /** The newest slot about a subject. */
  #latest = new Map<string, number>()
  #next = 0

  /** How many changes wait. */
  get size(): number {
    return this.#slots.size
  }

  /** Adds a change, merged with what waits. */
  push(change: Change): void {
    if (change.type === 'replaced') this.#slots.clear()
    if (this.#slots.size === 0) this.#latest.clear()
    const subject = subjectOf(change)
    const slot = subject === null ? undefined : this.#latest.get(subject)
    const waiting = slot === undefined ? undefined : this.#slots.get(slot)
    const merged = waiting === undefined ? null : merge(waiting, change)
    if (slot !== undefined && merged !== null) {
      this.#slots.set(slot, merged)
      return
    }
    this.#slots.set(this.#next, change)
    if (subject !== null) this.#latest.set(subject, this.#next)
    this.#next += 1
  }

  /** Takes the oldest change; `undefined` when none waits. */
  shift(): Change | undefined {
    for (const [slot, change] of this.#slots) {
      this.#slots.delete(slot)
      if (this.#slots.size === 0) this.#latest.clear()
      return change
    }
    return undefined
  }
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
    case 'message-removed':
      return `message ${change.messageId}`
    case 'child-changed':
    case 'status-changed':
      return `${change.type} ${change.sessionId}`
    case 'ask-opened':
    case 'ask-resolved':
    case 'ask-expired':
      return `ask ${change.ask.id}`
    case 'ask-withdrawn':
      return `ask ${change.askId}`
    case 'todos-changed':
    case 'totals-changed':
    case 'workspace-changed':
    case 'errored':
      return change.type
    case 'step-finished':
    case 'retried':
    case 'anomaly':
    case 'replaced':
      return null
  }
}

function merge(waiting: Change, change: Change): Change | null {
  const { revision } = change
  switch (change.type) {
    case 'part-added':
    case 'part-removed':
      // Others have their place by them.
      return null
    case 'text-delta':
      return lengthened(waiting, change)
    case 'part-changed':
    case 'part-finished':
    case 'tool-progressed':
      if (waiting.type === 'part-added') return { ...waiting, part: change.part, revision }
      return change
    case 'workspace-changed':
      if (waiting.type !== 'workspace-changed') return null
      return { ...change, workspace: { ...waiting.workspace, ...change.workspace } }
    default:
      return change
  }
}

function lengthened(
  waiting: Change,
  change: Extract<Change, { type: 'text-delta' }>,
): Change | null {
  const { delta, revision } = change
  if (waiting.type === 'text-delta') return { ...change, delta: waiting.delta + delta }
  if (waiting.type !== 'part-added' && waiting.type !== 'part-changed') return null
  const { part } = waiting
  if (part.kind !== 'text' && part.kind !== 'reasoning') return null
  return { ...waiting, part: Object.freeze({ ...part, text: part.text + delta }), revision }
}
