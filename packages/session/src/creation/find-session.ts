import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from '../statements/query.js'
import { rowKey, unlessImpossible } from '../statements/row-key.js'
import { toNumber, toNumberOrNull } from '../statements/row-values.js'

/** A conversation's upstream session and the creation that may be under way. */
export interface SessionRow {
  readonly sessionId: string | null
  /** The host's own title. */
  readonly title: string | null
  /** The title that the server gave, as it was noted last. */
  readonly sessionTitle: string | null
  /** Fingerprint of the session's permission rules. */
  readonly rules: string | null
  /** Number of the newest claim of the conversation. */
  readonly fence: number
  /** Keys of creations that did not end, as the column holds them. */
  readonly keys: string | null
  readonly claim: string | null
  readonly expiresAt: number | null
}

/** Null when there is no such conversation. */
export async function findSession(
  tables: Tables,
  conversationId: RowId,
): Promise<SessionRow | null> {
  const { table, columns } = tables.conversations
  const finding = query<Record<string, unknown> | undefined>(
    tables,
    `read the session of conversation ${conversationId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, conversationId))
        .first({
          session: columns.sessionId,
          keys: columns.createKeys,
          claim: columns.createClaim,
          expires: columns.createExpiresAt,
          rules: columns.rules,
          named: columns.sessionTitle,
          fence: columns.turnFence,
          ...(columns.title === null ? {} : { title: columns.title }),
        }),
    { isRepeatable: true },
  )
  const row = await unlessImpossible(finding, undefined)
  if (row === undefined) return null
  const text = (name: string): string | null => (row[name] ?? null) as string | null
  return {
    sessionId: text('session'),
    title: text('title'),
    sessionTitle: text('named'),
    rules: text('rules'),
    fence: toNumber(row['fence']),
    keys: text('keys'),
    claim: text('claim'),
    expiresAt: toNumberOrNull(row['expires']),
  }
}
