import type { MessageRecord } from '../records/message-record.js'
import type { ReplyView, SubAgent } from '../records/reply-view.js'
import type { Ask } from '../records/ask.js'
import type { Change, ChildChanged, PartAdded } from './change.js'
import type { ReplyPart } from '../records/part.js'
import { spentOn } from '../records/spent.js'
import { noTokens } from '../records/tokens.js'

type Parts = readonly ReplyPart[]

/**
 * Applies one change to a view, which stays as it is; the result is the next view.
 *
 * For readers in another place, such as a browser that receives changes: a view and the changes since give the
 * reply's state.
 */
export function foldChange(view: ReplyView, change: Change): ReplyView {
  const revision = Math.max(view.revision, change.revision)
  switch (change.type) {
    case 'part-added':
      return inSession({ ...view, revision }, change.part.sessionId, (parts) =>
        added(parts, change),
      )
    case 'part-changed':
    case 'part-finished':
    case 'tool-progressed':
      return inSession({ ...view, revision }, change.part.sessionId, (parts) =>
        parts.map((part) => (part.id === change.part.id ? change.part : part)),
      )
    case 'text-delta':
      return inSession({ ...view, revision }, change.sessionId, (parts) =>
        parts.map((part) => (part.id === change.partId ? lengthened(part, change.delta) : part)),
      )
    case 'part-removed':
      return inSession({ ...view, revision }, change.sessionId, (parts) =>
        parts.filter((part) => part.id !== change.partId),
      )
    case 'message-changed':
      return withMessages({ ...view, revision }, placed(view, change.message))
    case 'message-removed':
      return withMessages(
        { ...view, revision },
        view.messages.filter(({ id }) => id !== change.messageId),
      )
    case 'child-changed':
      return { ...view, revision, children: withChild(view.children, change) }
    case 'status-changed':
      if (change.sessionId === view.sessionId) return { ...view, revision, status: change.status }
      return {
        ...view,
        revision,
        children: view.children.map((child) => withStatus(child, change)),
      }
    case 'todos-changed':
      return { ...view, revision, todos: change.todos }
    case 'ask-opened':
    case 'ask-resolved':
    case 'ask-expired':
      return { ...view, revision, asks: withAsk(view.asks, change.ask) }
    case 'ask-withdrawn':
      return { ...view, revision, asks: view.asks.filter(({ id }) => id !== change.askId) }
    case 'totals-changed':
      return { ...view, revision, cost: change.cost, tokens: change.tokens }
    case 'workspace-changed':
      return { ...view, revision, workspace: { ...view.workspace, ...change.workspace } }
    case 'errored':
      return { ...view, revision, error: change.error }
    case 'anomaly':
      return { ...view, revision, anomalies: [...view.anomalies, change.anomaly] }
    case 'replaced':
      return { ...change.view, revision }
    case 'step-finished':
    case 'retried':
      return { ...view, revision }
  }
}

function inSession(view: ReplyView, sessionId: string, change: (parts: Parts) => Parts): ReplyView {
  if (sessionId === view.sessionId) return { ...view, parts: change(view.parts) }
  const children = view.children.map((child) =>
    child.sessionId === sessionId ? { ...child, parts: change(child.parts) } : child,
  )
  return { ...view, children }
}

function added(parts: Parts, change: PartAdded): Parts {
  const others = parts.filter((part) => part.id !== change.part.id)
  const index = change.after === null ? 0 : others.findIndex((part) => part.id === change.after) + 1
  return [...others.slice(0, index), change.part, ...others.slice(index)]
}

function lengthened(part: ReplyPart, delta: string): ReplyPart {
  if (part.kind !== 'text' && part.kind !== 'reasoning') return part
  return { ...part, text: part.text + delta }
}

function withMessages(view: ReplyView, messages: readonly MessageRecord[]): ReplyView {
  const children = view.children.map((child) => ({
    ...child,
    ...spentOn(messages.filter(({ sessionId }) => sessionId === child.sessionId)),
  }))
  return { ...view, messages, children }
}

function withStatus(
  child: SubAgent,
  { sessionId, status }: Pick<SubAgent, 'sessionId' | 'status'>,
): SubAgent {
  return child.sessionId === sessionId ? { ...child, status } : child
}

function withChild(children: readonly SubAgent[], change: ChildChanged): readonly SubAgent[] {
  const { sessionId, parentSessionId, toolPartId, title, agent } = change
  const known = children.find((child) => child.sessionId === sessionId)
  const child: SubAgent = {
    sessionId,
    parentSessionId,
    toolPartId,
    title,
    agent,
    status: known?.status ?? null,
    parts: known?.parts ?? [],
    cost: known?.cost ?? 0,
    tokens: known?.tokens ?? noTokens,
  }
  const others = children.filter((each) => each.sessionId !== sessionId)
  // The newer a session, the smaller its id.
  return [...others, child].sort((left, right) => (left.sessionId > right.sessionId ? -1 : 1))
}

function withAsk(asks: readonly Ask[], ask: Ask): readonly Ask[] {
  const others = asks.filter(({ id }) => id !== ask.id)
  return [...others, ask].sort((left, right) => (left.id < right.id ? -1 : 1))
}

function placed(view: ReplyView, message: MessageRecord): readonly MessageRecord[] {
  const others = view.messages.filter(({ id }) => id !== message.id)
  const place = (record: MessageRecord): number =>
    record.sessionId === view.sessionId
      ? -1
      : view.children.findIndex(({ sessionId }) => sessionId === record.sessionId)
  return [...others, message].sort(
    (left, right) =>
      place(left) - place(right) ||
      (left.createdAt ?? -1) - (right.createdAt ?? -1) ||
      (left.id < right.id ? -1 : 1),
  )
}
