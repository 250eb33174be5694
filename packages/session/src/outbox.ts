/**
 * Events in rows: that a turn ended, asks or waits, written with the write that made it so.
 *
 *     const store = createSessionStore({ knex, outbox: {} })
 *     const outbox = createOutbox({ store: createOutboxStore({ knex }), deliver })
 */
export { createOutboxStore } from './outbox/outbox-store.js'
export type { OutboxStoreOptions } from './outbox/outbox-store.js'
export type { OutboxCount, OutboxEvent, OutboxEventType, OutboxStore } from './outbox/events.js'
export { outboxMigration, outboxSql } from './migrations/outbox-table.js'
export type { OutboxSqlOptions, OutboxTableOptions } from './migrations/outbox-table.js'
