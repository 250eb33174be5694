import { createHash } from 'node:crypto'
import { toNumber } from '../statements/row-values.js'

/** A stored file, as `@turnstead/artifacts` describes it. */
export interface ArtifactEntry {
  /** Its id within the turn: digests of its path and of its bytes. */
  readonly id: string
  /** Where the store keeps it. */
  readonly key: string
  readonly turnId: string
  readonly conversationId: string | null
  /** Path below the agent's directory, for showing. */
  readonly path: string
  /** A safe file name. */
  readonly name: string
  readonly contentType: string
  readonly sizeBytes: number
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string
  /** How it came to be. */
  readonly provenance: {
    readonly source: string
    readonly tool: string
    readonly callId: string | null
    readonly sessionId: string | null
  }
  /** Whether the host made its bytes. */
  readonly trusted: boolean
  /** Milliseconds since the Unix epoch. */
  readonly storedAt: number
}

/** A row of the files' table. */
export type EntryRow = Readonly<Record<string, string | number | boolean | null>>

/** One row for each turn and path: an artifact's id begins with the path's digest. */
export function toRowId(turnId: string, artifactId: string): string {
  const path = artifactId.split('-')[0] ?? ''
  return createHash('sha256').update(`${path} ${turnId}`).digest('hex')
}

export function toRow(entry: ArtifactEntry): EntryRow {
  const { source, tool, callId, sessionId } = entry.provenance
  return {
    id: toRowId(entry.turnId, entry.id),
    artifact_id: entry.id,
    turn_id: entry.turnId,
    conversation_id: entry.conversationId,
    path: entry.path,
    name: entry.name,
    store_key: entry.key,
    content_type: entry.contentType,
    size_bytes: entry.sizeBytes,
    sha256: entry.sha256,
    source,
    tool,
    call_id: callId,
    session_id: sessionId,
    is_trusted: entry.trusted,
    stored_at: entry.storedAt,
  }
}

export function toEntry(row: Readonly<Record<string, unknown>>): ArtifactEntry {
  const text = (name: string): string => String(row[name])
  const textOrNull = (name: string): string | null => (row[name] === null ? null : text(name))
  return {
    id: text('artifact_id'),
    key: text('store_key'),
    turnId: text('turn_id'),
    conversationId: textOrNull('conversation_id'),
    path: text('path'),
    name: text('name'),
    contentType: text('content_type'),
    sizeBytes: toNumber(row['size_bytes']),
    sha256: text('sha256'),
    provenance: {
      source: text('source'),
      tool: text('tool'),
      callId: textOrNull('call_id'),
      sessionId: textOrNull('session_id'),
    },
    // SQLite and MySQL say it with a number.
    trusted: row['is_trusted'] === true || row['is_trusted'] === 1,
    storedAt: toNumber(row['stored_at']),
  }
}
