/**
 * What OpenCode servers know of conversations in rows, so that another server can be told.
 *
 *     const history = createHistoryStore({ knex })
 *     await runTurn({ client, store, history, conversationId, turnId, prompt })
 */
export { createHistoryStore } from './history/history-store.js'
export type { HistoryStoreOptions, KnexHistoryStore } from './history/history-store.js'
export type { HistoryEntry, HistoryHead, HistorySession } from './history/entry.js'
export { historyMigration, historySql } from './migrations/history-table.js'
export type { HistorySqlOptions, HistoryTableOptions } from './migrations/history-table.js'
