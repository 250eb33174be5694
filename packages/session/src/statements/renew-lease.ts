import { query } from '../query.js'
import type { Lease, TurnStatus } from '../records.js'
import type { Tables } from '../tables.js'
import { toNumber, toTurnStatus } from '../row-values.js'

/** Moves the expiry of a lease that nobody took over or released. */
export async function renewLease(
  { knex, conversations }: Tables,
  lease: Lease,
  expiresAt: number,
): Promise<void> {
  const { table, columns } = conversations
  await query(
    `renew the lease of conversation ${lease.conversationId}`,
    knex()(table)
      .where({ [columns.id]: lease.conversationId, [columns.turnFence]: lease.fence })
      .whereNotNull(columns.turnOwner)
      .update({ [columns.turnExpiresAt]: expiresAt }),
  )
}

/** Whether the lease is still held, and where its turn stands; null when one of the rows is gone. */
export async function checkLease(
  { knex, conversations, messages }: Tables,
  lease: Lease,
): Promise<{ held: boolean; status: TurnStatus } | null> {
  const c = conversations.columns
  const m = messages.columns
  const row: Record<string, unknown> | undefined = await query(
    `check the lease of conversation ${lease.conversationId}`,
    knex()(`${messages.table} as m`)
      .join(`${conversations.table} as c`, `c.${c.id}`, `m.${m.conversationId}`)
      .where({ [`m.${m.id}`]: lease.turnId, [`c.${c.id}`]: lease.conversationId })
      .whereNotNull(`m.${m.status}`)
      .first({ status: `m.${m.status}`, fence: `c.${c.turnFence}`, owner: `c.${c.turnOwner}` }),
  )
  if (row === undefined) return null
  return {
    held: toNumber(row['fence']) === lease.fence && row['owner'] !== null,
    status: toTurnStatus(row['status'], lease.turnId),
  }
}
