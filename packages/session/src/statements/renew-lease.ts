import type { ConversationLease, RowId, TurnStatus } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { rowKey, unlessImpossible } from './row-key.js'
import { toNumber, toTurnStatus } from './row-values.js'

/** Moves the expiry of a lease that no one took over or released, and says whether it is held. */
export async function renewLease(
  tables: Tables,
  lease: ConversationLease,
  expiresAt: number,
): Promise<boolean> {
  const { table, columns } = tables.conversations
  const renew = async (to: number): Promise<boolean> => {
    const changed = await query<number>(
      tables,
      `renew the lease of conversation ${lease.conversationId}`,
      (knex) =>
        knex(table)
          .where(rowKey(knex, columns.id, lease.conversationId))
          .where(columns.turnFence, lease.fence)
          .whereNotNull(columns.turnOwner)
          .update({ [columns.turnExpiresAt]: to }),
      { isRepeatable: true },
    )
    return Number(changed) > 0
  }
  // A connection that counts changed rows says 0 when the row had this very expiry: another one shows who holds it.
  return (await renew(expiresAt)) || (await renew(expiresAt + 1))
}

/** Where a turn stands, and how often its asks have changed; one whose row is gone counts as cancelled. */
export async function readStanding(
  tables: Tables,
  turnId: RowId,
): Promise<{ readonly status: TurnStatus; readonly asksRevision: number }> {
  const { table, columns } = tables.messages
  const reading = query<Record<string, unknown> | undefined>(
    tables,
    `read the status of turn ${turnId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, turnId))
        .first({ status: columns.status, asks: columns.asksRevision }),
    { isRepeatable: true },
  )
  const row = await unlessImpossible(reading, undefined)
  const status = row?.['status'] ?? null
  return {
    status: status === null ? 'cancelled' : toTurnStatus(status, turnId),
    asksRevision: toNumber(row?.['asks']),
  }
}
