import type { Knex } from 'knex'
import type { RowId, TurnStatus } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { sessionFields, toKnownSession } from '../values/known-session.js'
import type { KnownSession } from '../values/known-session.js'
import { keyText, rowKey, unlessImpossible } from './row-key.js'
import { toRowId } from '../values/asserts.js'
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
  /** In the line of its conversation; 0 when it is not in it. */
  readonly position: number
  /** The turn of the conversation that waits for a person and is not due; null when none does. */
  readonly waiting: WaitingTurn | null
}

/** A turn that waits for a person. */
export interface WaitingTurn {
  readonly turnId: RowId
  /** As its row spells it. */
  readonly turnKey: string
  readonly dueAt: number | null
}

/** Null when there is no such message in this conversation, or the message is no turn. */
export async function findLease(
  tables: Tables,
  ids: { readonly conversationId: RowId; readonly turnId: RowId },
  now: number,
): Promise<TurnLeaseRow | null> {
  const { conversations, messages } = tables
  const c = conversations.columns
  const m = messages.columns
  const finding = query<Record<string, unknown> | undefined>(
    tables,
    `read the lease of conversation ${ids.conversationId}`,
    (knex) => {
      const waiting = (): Knex.QueryBuilder =>
        blocking(tables, knex, knex.ref(`c.${c.id}`), now)
          .clearSelect()
          .limit(1)
      return knex(`${messages.table} as m`)
        .join(`${conversations.table} as c`, `c.${c.id}`, `m.${m.conversationId}`)
        .where(rowKey(knex, `m.${m.id}`, ids.turnId))
        .where(rowKey(knex, `c.${c.id}`, ids.conversationId))
        .whereNotNull(`m.${m.status}`)
        .select(
          waiting()
            .select(keyText(knex, `w.${m.id}`))
            .as('waiting'),
          waiting().select(`w.${m.id}`).as('waitingid'),
          waiting().select(`w.${m.dueAt}`).as('due'),
        )
        .first({
          ...leaseFields(tables),
          own: keyText(knex, `m.${m.id}`),
          status: `m.${m.status}`,
          turnfence: `m.${m.turnFence}`,
          position: `m.${m.queuePosition}`,
        })
    },
    { isRepeatable: true },
  )
  const row = await unlessImpossible(finding, undefined)
  if (row === undefined) return null
  return {
    ...toLeaseRow(row),
    status: toTurnStatus(row['status'], ids.turnId),
    ownKey: String(row['own']),
    turnFence: toNumber(row['turnfence']),
    position: toNumber(row['position']),
    waiting: toWaiting(row),
  }
}

function toWaiting(row: Record<string, unknown>): TurnLeaseRow['waiting'] {
  const turnKey = (row['waiting'] ?? null) as string | null
  if (turnKey === null) return null
  const turnId = toRowId(row['waitingid'], turnKey)
  return { turnId, turnKey: String(turnKey), dueAt: toNumberOrNull(row['due']) }
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

/** The rows, as `w`, of a conversation's turns that wait for a person and are not due: until then it runs no turn. */
export function blocking(
  { messages }: Tables,
  knex: Knex,
  conversation: RowId | Knex.Ref<string, Record<string, string>>,
  now: number,
): Knex.QueryBuilder {
  const { table, columns } = messages
  const key = typeof conversation === 'object' ? conversation : String(conversation)
  return (
    knex(`${table} as w`)
      .where(`w.${columns.conversationId}`, key)
      // Of a turn that waits it is null; together they are an index.
      .where({ [`w.${columns.status}`]: 'waiting', [`w.${columns.closedAt}`]: null })
      .where((later) => {
        later.whereNull(`w.${columns.dueAt}`).orWhere(`w.${columns.dueAt}`, '>', now)
      })
      .select(knex.raw('1'))
  )
}
