import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import type { SessionRow } from './find-session.js'
import { query } from '../statements/query.js'
import { rowKey } from '../statements/row-key.js'

/**
 * A creation under way. Its key is new: a key in the row is looked for only once its claim was taken away, so a worker that was
 * paused in the middle of its clean-up cannot find, and delete, the session of a later one.
 */
export interface Creation {
  readonly conversationId: RowId
  readonly key: string
  readonly claim: string
  readonly expiresAt: number
  /** Number of the claim that must be the newest meanwhile; null for any. */
  readonly fence: number | null
  /** Fingerprint of the rules that the new session is given; null for none. */
  readonly rules: string | null
}

// More pile up only while no one can look at all sessions.
const maxKeys = 64

/** The keys of a column. */
export function splitKeys(keys: string | null): readonly string[] {
  return keys === null ? [] : keys.split(' ').filter(Boolean)
}

/** The column of keys; the oldest of too many are forgotten. */
export function joinKeys(keys: readonly string[]): string | null {
  return keys.length === 0 ? null : keys.slice(-maxKeys).join(' ')
}

/**
 * Takes the creation from exactly the state that was seen, keys included: another creation may have begun and failed
 * since, and its key must not be written away. A stale session id leaves the row here.
 */
export async function takeCreation(
  tables: Tables,
  creation: Creation,
  seen: SessionRow,
): Promise<boolean> {
  const { table, columns } = tables.conversations
  const changed = await query<number>(
    tables,
    `take the creation for conversation ${creation.conversationId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, creation.conversationId))
        .where({
          [columns.sessionId]: seen.sessionId,
          [columns.createClaim]: seen.claim,
          [columns.createKeys]: seen.keys,
          ...(creation.fence === null ? {} : { [columns.turnFence]: creation.fence }),
        })
        .update({
          [columns.sessionId]: null,
          [columns.createKeys]: joinKeys([...splitKeys(seen.keys), creation.key]),
          [columns.createClaim]: creation.claim,
          [columns.createExpiresAt]: creation.expiresAt,
          [columns.rules]: null,
        }),
  )
  return Number(changed) > 0
}
