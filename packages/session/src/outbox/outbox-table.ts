import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import { readIndexes } from '../migrations/catalog.js'
import { columnSql } from '../migrations/column-types.js'
import type { NewColumn } from '../migrations/column-types.js'
import { createIndexSql } from '../migrations/definition.js'
import { dialectOf, quoteOf, realName, tableAddress } from '../migrations/dialect.js'

/** Where the events are. */
export interface OutboxTableOptions {
  /** Its name, `schema.table` where it is not on the search path. Default: `turnstead_outbox`. */
  readonly table?: string
}

/** @internal */
export function outboxTable({ table = 'turnstead_outbox' }: OutboxTableOptions = {}): string {
  return table
}

/** What its columns hold. */
const columns: readonly NewColumn[] = [
  { name: 'id', type: { characters: 64 } },
  { name: 'type', type: { characters: 32 } },
  { name: 'turn_id', type: { characters: 255 } },
  { name: 'conversation_id', type: { characters: 255 } },
  { name: 'at', type: 'count' },
  { name: 'status', type: { characters: 16 } },
  { name: 'reason', type: 'longtext' },
  { name: 'ask_id', type: { characters: 255 } },
  { name: 'attempts', type: 'count' },
  // Null once it needs no delivery any more.
  { name: 'due_at', type: 'time' },
  { name: 'delivered_at', type: 'time' },
  { name: 'dead_at', type: 'time' },
  { name: 'error', type: 'text' },
]
const alwaysThere: ReadonlySet<string> = new Set(['id', 'type', 'turn_id', 'conversation_id'])
const indexed = ['due_at', 'delivered_at', 'dead_at'] as const

/**
 * The table of an outbox as one step of the host's own chain: `{ name, up, down }`. `up` goes on where it was interrupted.
 */
export function outboxMigration(options: OutboxTableOptions = {}): {
  readonly name: string
  readonly up: (knex: Knex) => Promise<void>
  readonly down: (knex: Knex) => Promise<void>
} {
  const table = outboxTable(options)
  const { schema, name } = tableAddress(table)
  const builder = (knex: Knex): Knex.SchemaBuilder =>
    schema === null ? knex.schema : knex.schema.withSchema(schema)
  return {
    name: 'turnstead-outbox-001',
    async up(knex) {
      const dialect = dialectOf(knex)
      if (!(await builder(knex).hasTable(name))) {
        await builder(knex).createTable(name, (created) => {
          for (const column of columns) {
            const { type, constraints } = columnSql(dialect, column)
            const needed = alwaysThere.has(column.name) ? 'not null' : constraints
            const key = column.name === 'id' ? ' primary key' : ''
            created.specificType(column.name, `${type} ${needed}${key}`)
          }
        })
      }
      const found = new Set((await readIndexes(knex, table)).map((index) => index.name))
      for (const column of indexed) {
        const index = indexNameOf(table, column)
        if (found.has(realName(knex, index))) continue
        const writing = { dialect, quote: quoteOf(knex) }
        const made = { name: index, columns: [column], unique: false }
        await knex.raw(createIndexSql(writing, table, made))
      }
    },
    async down(knex) {
      await builder(knex).dropTableIfExists(name)
    },
  }
}

/** Names share one namespace in a schema, and are cut when they are too long. */
function indexNameOf(table: string, purpose: string): string {
  const hash = createHash('sha256').update(tableAddress(table).name).digest('hex')
  return `turnstead_outbox_${purpose}_${hash.slice(0, 8)}`
}
