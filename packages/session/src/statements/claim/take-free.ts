import { fromTemplate } from '../../database/template.js'
import type { Knex } from 'knex'
import type { RowId } from '../../records.js'
import { sessionFields, toKnownSession } from '../../values/known-session.js'
import type { KnownSession } from '../../values/known-session.js'
import type { Tables } from '../../tables.js'
import { aheadInLine } from '../inbox/line.js'
import { query } from '../query.js'
import { blocking } from '../find-lease.js'
import { keyText, rowKey, unlessImpossible } from '../row-key.js'
import { toNumber } from '../row-values.js'

/** Who takes a conversation for one of its turns. */
export interface FreeTaking {
  readonly conversationId: RowId
  readonly turnId: RowId
  readonly owner: string
  readonly mark: string
  readonly now: number
  readonly expiresAt: number
}

/** What the conversation's row says then. */
export interface TakenFree {
  readonly fence: number
  readonly session: KnownSession
}

/** Whether the database takes what is free without a look before. */
export function canTakeFree(tables: Tables): boolean {
  return tables.knex().client.dialect === 'postgresql'
}

/**
 * Takes the lease of a conversation that no one holds, for a turn that is not over: the look and the write of a claim as one
 * write of one row. Null in every other case, and then nothing was written.
 */
export async function takeFree(tables: Tables, taking: FreeTaking): Promise<TakenFree | null> {
  const what = `take the lease of conversation ${taking.conversationId}`
  const values = {
    conversationId: String(taking.conversationId),
    turnId: String(taking.turnId),
    owner: taking.owner,
    mark: taking.mark,
    now: taking.now,
    expiresAt: taking.expiresAt,
  }
  const writing = query<Rows>(
    tables,
    what,
    (knex) =>
      fromTemplate(knex, { owner: tables, name: 'take-free' }, values, (places) =>
        buildTake(tables, knex, places),
      ) as unknown as Building,
  )
  const { rows } = await unlessImpossible(writing, { rows: [] })
  const [row] = rows
  if (row === undefined) return null
  return { fence: toNumber(row['fence']), session: toKnownSession(row) }
}

interface Values {
  readonly conversationId: string
  readonly turnId: string
  readonly owner: string
  readonly mark: string
  readonly now: number
  readonly expiresAt: number
}

function buildTake(tables: Tables, knex: Knex, values: Values): Knex.QueryBuilder {
  const { conversations, messages } = tables
  const c = conversations.columns
  const m = messages.columns
  return knex(`${conversations.table} as c`)
    .updateFrom(`${messages.table} as m`)
    .where(rowKey(knex, `m.${m.id}`, values.turnId))
    .where(rowKey(knex, `c.${c.id}`, values.conversationId))
    .where(`m.${m.conversationId}`, knex.ref(`c.${c.id}`))
    .whereIn(`m.${m.status}`, ['pending', 'running', 'waiting'])
    .whereNotExists(blocking(tables, knex, values.conversationId, values.now))
    .where((first) => {
      first
        .whereNot(`m.${m.status}`, 'pending')
        .orWhere(`m.${m.queuePosition}`, 0)
        .orWhereNotExists(
          aheadInLine(tables, knex, {
            conversationId: knex.ref(`c.${c.id}`),
            position: knex.ref(`m.${m.queuePosition}`),
            id: knex.ref(`m.${m.id}`),
          }),
        )
    })
    .where((free) => {
      free.whereNull(`c.${c.turnOwner}`).orWhere(`c.${c.turnExpiresAt}`, '<=', values.now)
    })
    .update({
      // A message that was moved or restored may have a higher fence than its conversation.
      [c.turnFence]: knex.raw('greatest(??, ??) + 1', [`c.${c.turnFence}`, `m.${m.turnFence}`]),
      [c.turnOwner]: values.owner,
      [c.turnInstance]: values.mark,
      [c.turnId]: keyText(knex, `m.${m.id}`),
      [c.turnExpiresAt]: values.expiresAt,
    })
    .returning([
      knex.raw('?? as ??', [`c.${c.turnFence}`, 'fence']),
      ...Object.entries(sessionFields(tables, 'c')).map(([name, column]) =>
        knex.raw('?? as ??', [column, name]),
      ),
    ])
}

interface Rows {
  readonly rows: readonly Record<string, unknown>[]
}

type Building = PromiseLike<Rows> & Knex.ChainableInterface
