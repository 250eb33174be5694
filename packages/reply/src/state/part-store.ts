import { EventClock } from './event-order.js'
import { recordOf } from './message-record.js'
import { isVisible } from './state.js'
import type { MessageState, PartBody, PartState, ReplyState, ToolBody } from './state.js'
import { viewOf } from './part-view.js'
import { taskTool } from './task-call.js'
import { TextBuffer } from './text-buffer.js'

const todoTools = new Set(['todowrite', 'todoread'])

/** True for the tools whose calls carry the todo list. */
export function isTodoTool(body: PartBody | null): body is ToolBody {
  return body?.kind === 'tool' && todoTools.has(body.tool)
}

/** Adds an empty part to a message, in the server's order. Its events begin after the event `after`. */
export function insertPart(
  state: ReplyState,
  message: MessageState,
  id: string,
  key: string,
  after: string | null = null,
): PartState {
  const part: PartState = {
    id,
    key,
    message,
    body: null,
    buffer: null,
    provenance: 'server',
    final: false,
    lost: false,
    superseded: false,
    gapped: false,
    startSeen: false,
    events: new EventClock(after),
    touched: 0,
    view: null,
  }
  const { parts } = message
  let index = parts.length
  while (index > 0 && (parts[index - 1]?.key ?? '') > key) index -= 1
  parts.splice(index, 0, part)
  state.parts.set(id, part)
  return part
}

/** Takes a part away. */
export function deletePart(state: ReplyState, part: PartState): void {
  const shown = isVisible(part)
  const { message } = part
  message.parts.splice(message.parts.indexOf(part), 1)
  message.session.open.delete(part)
  state.parts.delete(part.id)
  state.writing = null
  markStale(state, part, part.body)
  if (shown) {
    const partId = part.id
    const sessionId = message.session.id
    state.feed.announce(() => ({ type: 'part-removed', partId, sessionId }))
    announceCost(state, part)
  }
}

/** Gives a part its content and reports what that changed. */
export function setBody(state: ReplyState, part: PartState, body: PartBody): void {
  const wasVisible = isVisible(part)
  const isWritten = body.kind === 'text' || body.kind === 'reasoning'
  if (isWritten) part.buffer ??= new TextBuffer()
  else part.buffer = null
  markStale(state, part, part.body)
  part.body = body
  part.view = null
  markStale(state, part, body)
  if (isWritten && !part.final && part.message.role !== 'user') part.message.session.open.add(part)
  else part.message.session.open.delete(part)
  if (!isVisible(part)) return
  if (wasVisible) announceChange(state, part)
  else announceAdded(state, part)
  announceCost(state, part)
}

/** Tells that a visible part was restated. */
export function announceChange(state: ReplyState, part: PartState): void {
  part.view = null
  if (!isVisible(part)) return
  state.feed.announce(() => {
    const view = viewOf(state, part)
    if (view.kind === 'tool') return { type: 'tool-progressed', part: view }
    const finished = (view.kind === 'text' || view.kind === 'reasoning') && view.final
    return { type: finished ? 'part-finished' : 'part-changed', part: view }
  })
}

/** Tells that a part became visible. */
export function announceAdded(state: ReplyState, part: PartState): void {
  state.feed.announce(() => ({
    type: 'part-added',
    part: viewOf(state, part),
    after: visibleBefore(part),
  }))
  const kind = part.body?.kind
  if (kind !== 'step-finish' && kind !== 'retry') return
  const view = viewOf(state, part)
  if (view.kind === 'step-finish')
    state.feed.announce(() => ({ type: 'step-finished', part: view }))
  if (view.kind === 'retry') state.feed.announce(() => ({ type: 'retried', part: view }))
}

function visibleBefore(part: PartState): string | null {
  const { parts, session } = part.message
  let before = parts.slice(0, parts.lastIndexOf(part)).findLast(isVisible)
  let at = session.order.lastIndexOf(part.message)
  while (before === undefined && at > 0) {
    at -= 1
    before = session.order[at]?.parts.findLast(isVisible)
  }
  return before?.id ?? null
}

/** The server tells what a step cost a moment before it tells what the message cost. */
function announceCost(state: ReplyState, { body, message }: PartState): void {
  if (body?.kind !== 'step-finish' || message.completedAt !== null || message.cost !== 0) return
  state.feed.announce(() => ({ type: 'message-changed', message: recordOf(message) }))
}

function markStale(
  state: ReplyState,
  { message, superseded }: PartState,
  body: PartBody | null,
): void {
  const { stale } = state
  if (body?.kind === 'step-finish') stale.add('totals')
  if (body?.kind === 'step-start' || (isPartOfStep(body) && (superseded || isRepeated(message)))) {
    stale.add('losses')
    state.repeated.add(message)
  }
  if (body?.kind === 'tool' && body.tool === taskTool) stale.add('children')
  if (isTodoTool(body)) stale.add('todos')
}

function isPartOfStep(body: PartBody | null): boolean {
  return body?.kind === 'text' || body?.kind === 'reasoning' || body?.kind === 'step-finish'
}

function isRepeated({ parts }: MessageState): boolean {
  return parts.filter(({ body }) => body?.kind === 'step-start').length > 1
}
