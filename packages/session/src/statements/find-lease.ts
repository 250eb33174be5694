import { query } from '../query.js'
import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import { toNumber, toNumberOrNull, toTurnStatus } from '../row-values.js'
import type { TurnStatus } from '../records.js'

/** Who holds a conversation, and where one of its turns stands. */
export interface LeaseRow {
  readonly status: TurnStatus
  readonly sessionId: string | null
  readonly fence: number
  readonly owner: string | null
  readonly turnId: string | null
  readonly expiresAt: number | null
}

/** Null when there is no such message in this conversation, or the message is no turn. */
export async function findLease(
  { knex, conversations, messages }: Tables,
  ids: { readonly conversationId: RowId; readonly turnId: RowId },
): Promise<LeaseRow | null> {
  const c = conversations.columns
  const m = messages.columns
  const row: Record<string, unknown> | undefined = await query(
    `read the lease of conversation ${ids.conversationId}`,
    knex()(`${messages.table} as m`)
      .join(`${conversations.table} as c`, `c.${c.id}`, `m.${m.conversationId}`)
      .where({ [`m.${m.id}`]: ids.turnId, [`c.${c.id}`]: ids.conversationId })
      .whereNotNull(`m.${m.status}`)
      .first({
        status: `m.${m.status}`,
        session: `c.${c.sessionId}`,
        fence: `c.${c.turnFence}`,
        owner: `c.${c.turnOwner}`,
        holder: `c.${c.turnId}`,
        expires: `c.${c.turnExpiresAt}`,
      }),
  )
  if (row === undefined) return null
  return {
    status: toTurnStatus(row['status'], ids.turnId),
    sessionId: (row['session'] ?? null) as string | null,
    fence: toNumber(row['fence']),
    owner: (row['owner'] ?? null) as string | null,
    turnId: (row['holder'] ?? null) as string | null,
    expiresAt: toNumberOrNull(row['expires']),
  }
}
