import type { Knex } from 'knex'
import type { AskRecord } from '../../ask-records.js'
import { serializeAsks } from '../../asks/ask-column.js'
import { oldestWaiting } from '../../asks/merge-asks.js'
import type { Lease, RowId } from '../../records.js'
import type { Tables } from '../../tables.js'
import { query } from '../query.js'
import { rowKey } from '../row-key.js'
import { updateTurn } from '../update-turn.js'

/** The asks as they shall be, made from those of a revision. */
export interface AsksWrite {
  readonly asks: readonly AskRecord[]
  readonly seenRevision: number
}

/** A worker's write: under its own claim, while the turn runs. False when another write came between, too. */
export async function writeAsks(tables: Tables, lease: Lease, write: AsksWrite): Promise<boolean> {
  const { columns } = tables.messages
  return updateTurn(tables, lease, {
    what: 'store the asks',
    from: ['running'],
    where: (row) =>
      void row
        .where(columns.turnFence, lease.fence)
        .where(columns.asksRevision, write.seenRevision),
    set: askFields(tables, tables.knex(), write),
  })
}

/** Anyone's write: the turn runs, whoever runs it. False when another write came between, too. */
export async function writeAnswer(
  tables: Tables,
  turnId: RowId,
  write: AsksWrite,
): Promise<boolean> {
  const { table, columns } = tables.messages
  const changed = await query<number>(tables, `store the answer in turn ${turnId}`, (knex) =>
    knex(table)
      .where(rowKey(knex, columns.id, turnId))
      .where(columns.status, 'running')
      .where(columns.asksRevision, write.seenRevision)
      .update({
        ...askFields(tables, knex, write),
        [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
      }),
  )
  return Number(changed) > 0
}

function askFields(
  { messages }: Tables,
  knex: Knex,
  { asks }: AsksWrite,
): Readonly<Record<string, unknown>> {
  const { columns } = messages
  return {
    [columns.asks]: serializeAsks(asks),
    [columns.asksRevision]: knex.raw('?? + 1', [columns.asksRevision]),
    [columns.waitingSince]: oldestWaiting(asks),
  }
}
