import type { RowId, TurnStatus } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { sessionFields, toKnownSession } from '../values/known-session.js'
import type { KnownSession } from '../values/known-session.js'
import { keyText, rowKey, unlessImpossible } from './row-key.js'
import { toNumber, toNumberOrNull, toTurnStatus } from './row-values.js'

/** Who holds a conversation. */
export interface LeaseRow {
  readonly session: KnownSession
  readonly fence: number
  readonly owner: string | null
  /** The owner's process and the one claim of it. */
  readonly mark: string | null
  /** The holder's turn as its own row spells it. */
  readonly turnKey: string | null
  readonly expiresAt: number | null
}

/** Who holds a conversation, and where one of its turns stands. */
export interface TurnLeaseRow extends LeaseRow {
  readonly status: TurnStatus
  /** The turn's key as its row spells it: a UUID has several spellings. */
  readonly ownKey: string
  readonly turnFence: number
}

/** Null when there is no such message in this conversation, or the message is no turn. */
export async function findLease(
  tables: Tables,
  ids: { readonly conversationId: RowId; readonly turnId: RowId },
): Promise<TurnLeaseRow | null> {
  const { conversations, messages } = tables
  const c = conversations.columns
  const m = messages.columns
  const finding = query<Record<string, unknown> | undefined>(
    tables,
    `read the lease of conversation ${ids.conversationId}`,
    (knex) =>
      knex(`${messages.table} as m`)
        .join(`${conversations.table} as c`, `c.${c.id}`, `m.${m.conversationId}`)
        .where(rowKey(knex, `m.${m.id}`, ids.turnId))
        .where(rowKey(knex, `c.${c.id}`, ids.conversationId))
        .whereNotNull(`m.${m.status}`)
        .first({
          ...leaseFields(tables),
          own: keyText(knex, `m.${m.id}`),
          status: `m.${m.status}`,
          turnfence: `m.${m.turnFence}`,
        }),
    { isRepeatable: true },
  )
  const row = await unlessImpossible(finding, undefined)
  if (row === undefined) return null
  return {
    ...toLeaseRow(row),
    status: toTurnStatus(row['status'], ids.turnId),
    ownKey: String(row['own']),
    turnFence: toNumber(row['turnfence']),
  }
}

/** Null when there is no such conversation. */
export async function findConversationLease(
  tables: Tables,
  conversationId: RowId,
): Promise<LeaseRow | null> {
  const { table, columns } = tables.conversations
  const finding = query<Record<string, unknown> | undefined>(
    tables,
    `read the lease of conversation ${conversationId}`,
    (knex) =>
      knex(`${table} as c`)
        .where(rowKey(knex, `c.${columns.id}`, conversationId))
        .first(leaseFields(tables)),
    { isRepeatable: true },
  )
  const row = await unlessImpossible(finding, undefined)
  return row === undefined ? null : toLeaseRow(row)
}

function leaseFields(tables: Tables): Record<string, string> {
  const { columns } = tables.conversations
  return {
    ...sessionFields(tables, 'c'),
    fence: `c.${columns.turnFence}`,
    owner: `c.${columns.turnOwner}`,
    mark: `c.${columns.turnInstance}`,
    holder: `c.${columns.turnId}`,
    expires: `c.${columns.turnExpiresAt}`,
  }
}

function toLeaseRow(row: Record<string, unknown>): LeaseRow {
  return {
    session: toKnownSession(row),
    fence: toNumber(row['fence']),
    owner: (row['owner'] ?? null) as string | null,
    mark: (row['mark'] ?? null) as string | null,
    turnKey: (row['holder'] ?? null) as string | null,
    expiresAt: toNumberOrNull(row['expires']),
  }
}
