import type { Knex } from 'knex'
import type { Delivery, RowId } from '../../records.js'
import type { Tables } from '../../tables.js'
import { toRowId } from '../../values/asserts.js'
import { blocking } from '../find-lease.js'
import { guardedUpdate, query } from '../query.js'
import { keyText, rowKey, unlessImpossible } from '../row-key.js'

/** A pending message and how it is put in the line. */
export interface Enqueuing {
  readonly conversationId: RowId
  readonly turnId: RowId
  readonly delivery: Delivery
  /** As JSON; null when it is not to be stored. */
  readonly input: string | null
}

/**
 * Puts a pending message with an input in the line, by one write: whoever was put there before this began comes first. Two that were
 * put there at once may have one position; then their keys decide.
 */
export async function enqueueTurn(
  tables: Tables,
  { conversationId, turnId, delivery, input }: Enqueuing,
): Promise<boolean> {
  const { table, columns } = tables.messages
  const build = (knex: Knex): Knex.QueryBuilder => {
    const row = knex(table)
      .where(rowKey(knex, columns.id, turnId))
      .where(rowKey(knex, columns.conversationId, conversationId))
      .where(columns.status, 'pending')
    if (input === null) row.whereNotNull(columns.promptInput)
    const last = knex(table)
      .where(rowKey(knex, columns.conversationId, conversationId))
      .where(columns.queuePosition, '>', 0)
      .select(knex.raw('coalesce(max(??), 0) + 1 as ??', [columns.queuePosition, 'next']))
    return row.update({
      // As a table of its own, since MySQL reads no table that it writes.
      [columns.queuePosition]: knex.raw('case when ?? > 0 then ?? else (select ?? from ?) end', [
        columns.queuePosition,
        columns.queuePosition,
        'next',
        last.as('line'),
      ]),
      [columns.delivery]: delivery,
      ...(input === null ? {} : { [columns.promptInput]: input }),
      [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
    })
  }
  const writing = guardedUpdate(tables, `put turn ${turnId} in the line`, build, {
    isRepeatable: true,
  })
  return await unlessImpossible(writing, false)
}

/** Lets the turns that run in a conversation know that a message is there for them; gives their keys. While one waits for a person none runs. */
export async function callRunning(
  tables: Tables,
  { conversationId, turnId }: Pick<Enqueuing, 'conversationId' | 'turnId'>,
): Promise<readonly RowId[]> {
  const { table, columns } = tables.messages
  const running = (knex: Knex): Knex.QueryBuilder =>
    knex(table)
      .where(rowKey(knex, columns.conversationId, conversationId))
      .where(columns.status, 'running')
      .whereNull(columns.closedAt)
      .whereNot(columns.id, String(turnId))
  const what = `look what runs in conversation ${conversationId}`
  const rows = await query<Record<string, unknown>[]>(
    tables,
    what,
    (knex) =>
      running(knex)
        .whereNotExists(blocking(tables, knex, conversationId, tables.clock.now()))
        .select({ id: columns.id, idtext: keyText(knex, columns.id) }),
    { isRepeatable: true },
  )
  if (rows.length === 0) return []
  await query<number>(
    tables,
    `tell what runs in conversation ${conversationId}`,
    (knex) =>
      running(knex).update({
        [columns.asksRevision]: knex.raw('?? + 1', [columns.asksRevision]),
        [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
      }),
    { isRepeatable: true },
  )
  return rows.map((row) => toRowId(row['id'], row['idtext']))
}
