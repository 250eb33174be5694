import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { SessionError } from '../errors.js'
import { toNumber } from '../statements/row-values.js'
import type { HistoryEntry, HistoryHead } from './entry.js'

/** A row of the history's table. */
export type HistoryRow = Readonly<Record<string, string | number | null>>

/** A row as it was read. */
type Found = Readonly<Record<string, unknown>>

const packed = promisify(gzip)
const unpacked = promisify(gunzip)
/** Below it packing gains nothing. */
const smallBytes = 1_024

/** One row for each conversation and position. */
function toRowId(conversationId: string, position: number): string {
  return createHash('sha256').update(`${position} ${conversationId}`).digest('hex')
}

/** Messages are words that repeat: packed they take a fifth. */
export async function toRow(
  entry: HistoryEntry,
  { conversationId, fence, now }: { conversationId: string; fence: number; now: number },
): Promise<HistoryRow> {
  const json = JSON.stringify(entry.sessions)
  const isPacked = json.length >= smallBytes
  return {
    id: toRowId(conversationId, entry.position),
    conversation_id: conversationId,
    position: entry.position,
    turn_id: String(entry.turnId),
    session_id: entry.sessionId,
    newest_id: entry.newestId,
    previous_id: entry.previousId,
    session_updated_at: Math.trunc(entry.updatedAt),
    server: entry.server,
    lacks: entry.lacks,
    fence,
    kept_at: now,
    sha256: digestOf(entry, json),
    encoding: isPacked ? 'gzip' : 'json',
    // A text, and not bytes, which each driver gives back in its own way; no database refuses it, whatever is in it.
    body: isPacked ? (await packed(json)).toString('base64') : Buffer.from(json).toString('base64'),
  }
}

export function toHead(row: Found): HistoryHead {
  const text = (name: string): string => String(row[name])
  const textOrNull = (name: string): string | null => (row[name] === null ? null : text(name))
  return {
    position: toNumber(row['position']),
    turnId: text('turn_id'),
    sessionId: text('session_id'),
    newestId: text('newest_id'),
    previousId: textOrNull('previous_id'),
    updatedAt: toNumber(row['session_updated_at']),
    server: textOrNull('server'),
    lacks: textOrNull('lacks'),
  }
}

/** @throws SessionError `history_damaged` when it is not what was written. */
export async function toEntry(row: Found): Promise<HistoryEntry> {
  const head = toHead(row)
  try {
    const bytes = Buffer.from(String(row['body']), 'base64')
    const json = (row['encoding'] === 'gzip' ? await unpacked(bytes) : bytes).toString('utf8')
    if (digestOf(head, json) === row['sha256']) {
      return { ...head, sessions: JSON.parse(json) as HistoryEntry['sessions'] }
    }
  } catch (cause) {
    throw damaged(row, 'cannot be read', cause)
  }
  throw damaged(row, 'is not what was written')
}

/** @throws SessionError `history_damaged` when one is missing. */
export function assertWhole(entries: readonly HistoryEntry[], conversationId: string): void {
  for (const [index, { position, previousId }] of entries.entries()) {
    const before = entries[index - 1]
    const follows =
      before === undefined
        ? previousId === null
        : position === before.position + 1 && previousId === before.newestId
    if (follows) continue
    throw new SessionError(
      'history_damaged',
      `What is kept of conversation ${conversationId} lacks what came before turn ${String(entries[index]?.turnId)}.`,
    )
  }
}

/** Of its place, too: an entry that was moved is as wrong as one that was changed. */
function digestOf(
  { position, sessionId, newestId, previousId, lacks }: HistoryHead,
  json: string,
): string {
  const place = JSON.stringify([position, sessionId, newestId, previousId, lacks])
  return createHash('sha256').update(place).update(json).digest('hex')
}

function damaged(row: Found, what: string, cause?: unknown): SessionError {
  return new SessionError(
    'history_damaged',
    `What is kept of turn ${String(row['turn_id'])} in conversation ${String(row['conversation_id'])} ${what}.`,
    { cause },
  )
}
