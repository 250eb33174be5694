import { createHash } from 'node:crypto'
import type { HistorySession, ServerRecord } from '../ports/history.js'
import { idOf } from './merge-entries.js'

/** An event of a session's log, as `POST /sync/replay` takes it. */
export interface ReplayEvent {
  readonly id: string
  readonly aggregateID: string
  readonly seq: number
  readonly type: string
  readonly data: ServerRecord
}

/** Says in a session's metadata that its messages are not all there yet. */
export const restoringKey = 'turnstead-restoring'

const noTokens = { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } }

/**
 * The shortest log by which a server gets a session with exactly these messages: each message and part once, as it was in the end.
 * The same session always gives the same events, and the server takes those that it has as done (measured on 1.18.33).
 */
export function toReplayEvents({ info, messages }: HistorySession): readonly ReplayEvent[] {
  const sessionID = idOf(info)
  const metadata = isRecord(info['metadata']) ? info['metadata'] : {}
  const events: ReplayEvent[] = []
  const add = (type: string, data: ServerRecord): void => {
    const event = { aggregateID: sessionID, seq: events.length, type, data: { sessionID, ...data } }
    // By its content: under an id that the server knows it would skip what it does not have.
    const digest = createHash('sha256').update(JSON.stringify(event)).digest('hex')
    events.push({ id: `evt_${digest.slice(0, 32)}`, ...event })
  }
  // The server adds up what steps cost while it takes them in.
  const begun = { ...info, cost: 0, tokens: noTokens }
  add('session.created.1', { info: { ...begun, metadata: { ...metadata, [restoringKey]: true } } })
  for (const message of messages) {
    add('message.updated.1', { info: message.info })
    for (const part of message.parts) {
      add('message.part.updated.1', { part, time: createdAt(message.info) })
    }
  }
  add('session.updated.1', { info })
  return events
}

/** In pieces that a server takes at once. */
export function* inPieces(
  events: readonly ReplayEvent[],
  maxBytes: number,
): Generator<readonly ReplayEvent[]> {
  let piece: ReplayEvent[] = []
  let bytes = 0
  for (const event of events) {
    const size = JSON.stringify(event).length
    if (piece.length > 0 && bytes + size > maxBytes) {
      yield piece
      piece = []
      bytes = 0
    }
    piece.push(event)
    bytes += size
  }
  if (piece.length > 0) yield piece
}

function createdAt(info: ServerRecord): number {
  const time = isRecord(info['time']) ? info['time'] : {}
  return typeof time['created'] === 'number' ? time['created'] : 0
}

function isRecord(value: unknown): value is ServerRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
