import type { Knex } from 'knex'
import { addVersion } from './apply-version.js'
import { readColumns } from './catalog.js'
import { createIndexSql, createTableSql } from './definition.js'
import { dialectFor, dialectOf, quoteFor, quoteOf, quoteTable } from './dialect.js'
import type { Client } from './dialect.js'
import { indexName } from './table-version.js'
import type { TableStep } from './table-version.js'

/** Tables that are wholly ours, as one step of the host's own chain. */
export interface TablesMigration {
  readonly name: string
  readonly up: (knex: Knex) => Promise<void>
  readonly down: (knex: Knex) => Promise<void>
}

/** The same step as plain SQL. */
export interface TablesSql {
  readonly name: string
  readonly up: readonly string[]
  readonly down: readonly string[]
}

/** `up` goes on where it was interrupted. */
export function tablesMigration(name: string, steps: readonly TableStep[]): TablesMigration {
  return {
    name,
    async up(knex) {
      const writing = { dialect: dialectOf(knex), quote: quoteOf(knex) }
      for (const step of steps) {
        const present = await readColumns(knex, step.table)
        if (present.length === 0) await knex.raw(createTableSql(writing, step))
      }
      await addVersion(knex, steps)
    },
    async down(knex) {
      for (const { table } of steps) {
        await knex.raw(`drop table if exists ${quoteTable(quoteOf(knex), table)}`)
      }
    },
  }
}

/** Made without a connection: for a chain that is not Knex's, or to be read before it runs. */
export function tablesSql(client: Client, name: string, steps: readonly TableStep[]): TablesSql {
  const dialect = dialectFor(client)
  const writing = { dialect, quote: quoteFor(dialect) }
  return {
    name,
    up: steps.flatMap((step) => [
      createTableSql(writing, step),
      ...step.version.indexes.map((index) =>
        createIndexSql(writing, step.table, { ...index, name: indexName(step, index) }),
      ),
    ]),
    down: steps.map(({ table }) => `drop table ${quoteTable(writing.quote, table)}`),
  }
}
