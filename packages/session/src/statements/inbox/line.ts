import type { Knex } from 'knex'
import type { RowId } from '../../records.js'
import type { Tables } from '../../tables.js'
import { toRowId } from '../../values/asserts.js'
import { query } from '../query.js'
import { keyText, rowKey, unlessImpossible } from '../row-key.js'

/** A turn that is first in its conversation's line. */
export interface FirstInLine {
  readonly turnId: RowId
  /** As its row spells it. */
  readonly key: string
}

/** Who waits in a line; what is open is found by an index. */
function waits({ messages }: Tables, alias: string): Knex.QueryCallback {
  const { columns } = messages
  return (row) => {
    row
      .where(`${alias}.${columns.status}`, 'pending')
      .whereNull(`${alias}.${columns.closedAt}`)
      .where(`${alias}.${columns.queuePosition}`, '>', 0)
  }
}

/** Null when no one waits. */
export async function findFirstInLine(
  tables: Tables,
  conversationId: RowId,
): Promise<FirstInLine | null> {
  const { table, columns } = tables.messages
  const finding = query<Record<string, unknown> | undefined>(
    tables,
    `look who is first in the line of conversation ${conversationId}`,
    (knex) =>
      knex(`${table} as q`)
        .where(rowKey(knex, `q.${columns.conversationId}`, conversationId))
        .where(waits(tables, 'q'))
        .orderBy([`q.${columns.queuePosition}`, `q.${columns.id}`])
        .first({ id: `q.${columns.id}`, idtext: keyText(knex, `q.${columns.id}`) }),
    { isRepeatable: true },
  )
  const row = await unlessImpossible(finding, undefined)
  if (row === undefined) return null
  return { turnId: toRowId(row['id'], row['idtext']), key: String(row['idtext']) }
}

/** Those who wait in the line before a message that waits there, too: `m`, of which columns are given or read. */
export function aheadInLine(
  tables: Tables,
  knex: Knex,
  m: Readonly<Record<'conversationId' | 'position' | 'id', Knex.Value | Knex.Raw>>,
): Knex.QueryBuilder {
  const { table, columns } = tables.messages
  const position = `q.${columns.queuePosition}`
  return knex
    .select(knex.raw('1'))
    .from(`${table} as q`)
    .where(`q.${columns.conversationId}`, m.conversationId as Knex.Raw)
    .where(waits(tables, 'q'))
    .where((ahead) => {
      ahead.where(position, '<', m.position as Knex.Raw).orWhere((tie) => {
        tie.where(position, m.position as Knex.Raw).where(`q.${columns.id}`, '<', m.id as Knex.Raw)
      })
    })
}
