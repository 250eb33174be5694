import type { Knex } from 'knex'
import { tableAddress } from '../migrations/dialect.js'

/** Where the events are. */
export interface OutboxTableOptions {
  /** Its name, `schema.table` where it is not on the search path. Default: `turnstead_outbox`. */
  readonly table?: string
}

/** @internal */
export function outboxTable({ table = 'turnstead_outbox' }: OutboxTableOptions = {}): string {
  return table
}

/** The table of an outbox as one step of the host's own chain: `{ name, up, down }`. */
export function outboxMigration(options: OutboxTableOptions = {}): {
  readonly name: string
  readonly up: (knex: Knex) => Promise<void>
  readonly down: (knex: Knex) => Promise<void>
} {
  const { schema, name } = tableAddress(outboxTable(options))
  const builder = (knex: Knex): Knex.SchemaBuilder =>
    schema === null ? knex.schema : knex.schema.withSchema(schema)
  return {
    name: 'turnstead-outbox-001',
    async up(knex) {
      if (await builder(knex).hasTable(name)) return
      await builder(knex).createTable(name, (table) => {
        table.string('id', 64).primary()
        table.string('type', 32).notNullable()
        table.string('turn_id', 255).notNullable()
        table.string('conversation_id', 255).notNullable()
        table.bigInteger('at').notNullable()
        table.string('status', 16).nullable()
        table.text('reason', 'longtext').nullable()
        table.string('ask_id', 255).nullable()
        table.integer('attempts').notNullable().defaultTo(0)
        // Null once it needs no delivery any more.
        table.bigInteger('due_at').nullable()
        table.bigInteger('delivered_at').nullable()
        table.bigInteger('dead_at').nullable()
        table.text('error').nullable()
        table.index(['due_at'], `${name}_due`)
        table.index(['delivered_at'], `${name}_delivered`)
        table.index(['dead_at'], `${name}_dead`)
      })
    },
    async down(knex) {
      await builder(knex).dropTableIfExists(name)
    },
  }
}
