import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'
import { findSession } from './find-session.js'
import { query } from '../statements/query.js'
import { rowKey } from '../statements/row-key.js'
import { toText } from '../statements/row-values.js'

/** What is known of a session beside its id. */
export interface SessionNote {
  readonly sessionId: string
  readonly rules?: string | null
  readonly title?: string
}

/** Notes it on the conversation, if the lease is the newest and the session still the conversation's. */
export async function noteSession(
  tables: Tables,
  lease: Pick<Lease, 'conversationId' | 'fence'>,
  { sessionId, rules, title }: SessionNote,
): Promise<boolean> {
  const { table, columns } = tables.conversations
  const set = {
    ...(rules === undefined ? {} : { [columns.rules]: rules }),
    ...(title === undefined ? {} : { [columns.sessionTitle]: toText(title) }),
  }
  const changed = await query<number>(
    tables,
    `note what is known of the session of conversation ${lease.conversationId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, lease.conversationId))
        .where({ [columns.turnFence]: lease.fence, [columns.sessionId]: sessionId })
        .update({ ...set, [columns.turnFence]: lease.fence }),
    { isRepeatable: true },
  )
  if (Number(changed) > 0) return true
  // A connection that counts changed rows says 0 when the row had all of it already.
  const row = await findSession(tables, lease.conversationId)
  return row?.fence === lease.fence && row.sessionId === sessionId
}
