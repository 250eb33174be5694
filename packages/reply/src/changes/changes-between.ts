import type { Ask } from '../records/ask.js'
import type { ReplyPart } from '../records/part.js'
import type { ReplyView, SubAgent } from '../records/reply-view.js'
import type { ChangeBody } from './change.js'

/**
 * What leads from one view to another, as few changes as possible: folded into the first in order they give the second. For a
 * reader that receives whole views now and then, such as the rows of a turn that runs elsewhere.
 *
 * @example
 * ```ts
 * for (const change of changesBetween(shown, loaded)) publish(change)
 * ```
 */
export function changesBetween(from: ReplyView, to: ReplyView): readonly ChangeBody[] {
  if (from === to) return []
  return stepsBetween(from, to) ?? [{ type: 'replaced', view: to }]
}

/** Null when something went for which there is no change, or moved: then the whole is said. */
function stepsBetween(from: ReplyView, to: ReplyView): readonly ChangeBody[] | null {
  const isOther = from.sessionId !== to.sessionId || from.promptId !== to.promptId
  if (isOther || (from.error !== null && to.error === null)) return null
  const anomalies = anomaliesBetween(from, to)
  const children = childrenBetween(from, to)
  const own = sessionBetween(from, to)
  if (anomalies === null || children === null || own === null) return null
  const { sessionId, cost, tokens, error } = to
  return [
    ...children,
    ...own,
    ...messagesBetween(from, to),
    ...asksBetween(from.asks, to.asks),
    ...(isSame(from.todos, to.todos) ? [] : [{ type: 'todos-changed', todos: to.todos } as const]),
    ...(isSame([from.cost, from.tokens], [cost, tokens])
      ? []
      : [{ type: 'totals-changed', cost, tokens } as const]),
    ...(error === null || isSame(from.error, error)
      ? []
      : [{ type: 'errored', sessionId, error } as const]),
    ...(isSame(from.workspace, to.workspace)
      ? []
      : [{ type: 'workspace-changed', workspace: to.workspace } as const]),
    ...anomalies,
  ]
}

type Session = Pick<ReplyView, 'sessionId' | 'status' | 'parts'>

function sessionBetween(from: Session, to: Session): ChangeBody[] | null {
  const parts = partsBetween(from.parts, to.parts)
  if (parts === null || (from.status !== null && to.status === null)) return null
  const { sessionId, status } = to
  return status === null || status === from.status
    ? parts
    : [{ type: 'status-changed', sessionId, status }, ...parts]
}

function childrenBetween(from: ReplyView, to: ReplyView): ChangeBody[] | null {
  const known = new Map(from.children.map((child) => [child.sessionId, child]))
  const changes: ChangeBody[] = []
  for (const child of to.children) {
    const before = known.get(child.sessionId)
    known.delete(child.sessionId)
    if (before === undefined || !isSame(identityOf(before), identityOf(child))) {
      changes.push({ type: 'child-changed', ...identityOf(child) })
    }
    const { sessionId } = child
    const inside = sessionBetween(before ?? { sessionId, status: null, parts: [] }, child)
    if (inside === null) return null
    changes.push(...inside)
  }
  return known.size === 0 ? changes : null
}

function identityOf({
  sessionId,
  parentSessionId,
  toolPartId,
  title,
  agent,
}: SubAgent): Pick<SubAgent, 'sessionId' | 'parentSessionId' | 'toolPartId' | 'title' | 'agent'> {
  return { sessionId, parentSessionId, toolPartId, title, agent }
}

function partsBetween(from: readonly ReplyPart[], to: readonly ReplyPart[]): ChangeBody[] | null {
  const before = new Map(from.map((part) => [part.id, part]))
  const staying = new Set(to.map(({ id }) => id))
  const changes: ChangeBody[] = from
    .filter(({ id }) => !staying.has(id))
    .map(({ id, sessionId }) => ({ type: 'part-removed', partId: id, sessionId }))
  const order = from.filter(({ id }) => staying.has(id)).map(({ id }) => id)
  let after: string | null = null
  let passed = 0
  for (const part of to) {
    const known = before.get(part.id)
    if (known === undefined) changes.push(...addition(part, after))
    else if (order[passed] !== part.id) return null
    else {
      passed += 1
      if (known !== part) changes.push(...growth(known, part))
    }
    after = part.id
  }
  return changes
}

function addition(part: ReplyPart, after: string | null): ChangeBody[] {
  const added: ChangeBody = { type: 'part-added', part, after }
  if (part.kind === 'step-finish') return [added, { type: 'step-finished', part }]
  return part.kind === 'retry' ? [added, { type: 'retried', part }] : [added]
}

function growth(from: ReplyPart, to: ReplyPart): ChangeBody[] {
  if ((to.kind === 'text' || to.kind === 'reasoning') && from.kind === to.kind) {
    const { id, messageId, sessionId, kind, text } = to
    if (text.length > from.text.length && text.startsWith(from.text)) {
      const delta = text.slice(from.text.length)
      const ids = { partId: id, messageId, sessionId }
      const grown: ChangeBody = { type: 'text-delta', ...ids, kind, delta, length: text.length }
      return [grown, ...growth({ ...from, text }, to)]
    }
  }
  if (isSame(from, to)) return []
  if (to.kind === 'tool') return [{ type: 'tool-progressed', part: to }]
  const isFinal = 'final' in to && to.final && 'final' in from && !from.final
  return [{ type: isFinal ? 'part-finished' : 'part-changed', part: to }]
}

function messagesBetween(from: ReplyView, to: ReplyView): ChangeBody[] {
  const before = new Map(from.messages.map((message) => [message.id, message]))
  const changes: ChangeBody[] = []
  for (const message of to.messages) {
    const known = before.get(message.id)
    before.delete(message.id)
    if (known === undefined || !isSame(known, message)) {
      changes.push({ type: 'message-changed', message })
    }
  }
  const gone = [...before.keys()]
  return [...gone.map((messageId) => ({ type: 'message-removed', messageId }) as const), ...changes]
}

function asksBetween(from: readonly Ask[], to: readonly Ask[]): ChangeBody[] {
  const before = new Map(from.map((ask) => [ask.id, ask]))
  const changes: ChangeBody[] = []
  for (const ask of to) {
    const known = before.get(ask.id)
    before.delete(ask.id)
    if (known === undefined || !isSame(known, ask))
      changes.push({ type: askChanges[ask.state], ask })
  }
  const gone = [...before.keys()]
  return [...gone.map((askId) => ({ type: 'ask-withdrawn', askId }) as const), ...changes]
}

const askChanges = {
  open: 'ask-opened',
  answered: 'ask-resolved',
  rejected: 'ask-resolved',
  expired: 'ask-expired',
} as const

/** Null when earlier ones are not there any more. */
function anomaliesBetween(from: ReplyView, to: ReplyView): ChangeBody[] | null {
  const { length } = from.anomalies
  if (!isSame(from.anomalies, to.anomalies.slice(0, length))) return null
  return to.anomalies.slice(length).map((anomaly) => ({ type: 'anomaly', anomaly }))
}

/** Of plain JSON that one program wrote, so that the order of the fields is the same. */
function isSame(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right)
}
