import type { Knex } from 'knex'
import type { Clock } from './clock.js'
import type { OutboxTableOptions } from './migrations/outbox-table.js'
import type { ServersTableOptions } from './migrations/servers-table.js'
import type { Notifier } from './notifier.js'
import type { OnNotifierError } from './notifying/topic-listeners.js'
import type { ConversationColumns, MessageColumns, TableOptions } from './tables.js'
import { type Names, assertKnown } from './values/known-options.js'
import type { OrphanSession } from './verbs/discard-session.js'

/** Where the rows are, and what the store uses beside the database. */
export interface SessionStoreOptions {
  /**
   * The host's Knex, or a function that gives it when it is needed. Not a transaction: what the store writes must be
   * committed before OpenCode is called. The store never destroys it.
   */
  readonly knex: Knex | (() => Knex)
  /** The conversations. Default table: `conversations`. */
  readonly conversations?: TableOptions<ConversationColumns>
  /** The messages. Default table: `messages`. */
  readonly messages?: TableOptions<MessageColumns>
  /** What leases and creations expire by; the clocks of all workers should agree to well within a lease. Default: the machine's. */
  readonly clock?: Clock
  /** Makes unguessable keys and claims, at most 64 characters without spaces. Default: `crypto.randomUUID`. */
  readonly randomId?: () => string
  /**
   * Names this life of the process, at most 128 characters; a process that starts again under its old `owner` needs another
   * one. Default: one random id per process.
   */
  readonly instance?: string
  /**
   * Begins the key of every session that this application creates, at most 24 characters of letters, digits and `_.:-`, and
   * told apart by it from those of others on the same OpenCode server: `sweep` deletes those without a row. Default: none; then
   * `sweep` deletes only what a row of ours still names, and reports the rest.
   */
  readonly keyPrefix?: string
  /** How long a worker may take to create an upstream session before another takes over, in milliseconds. Default: 30 000. */
  readonly createMs?: number
  /** How long to wait for another worker's session before `session_create_timeout`, in milliseconds. Default: 60 000. */
  readonly createWaitMs?: number
  /** How soon to read the row again meanwhile, in milliseconds; the pauses grow to ten times as long. Default: 100. */
  readonly createPollMs?: number
  /**
   * How long one statement may take, in milliseconds of real time: the wait for a connection of the pool, the answer, and the
   * attempts that a passing failure needs. Then the verb rejects with `database_failed`, which is retryable. Less than a
   * lease. Default: 15 000.
   */
  readonly statementMs?: number
  /**
   * Writes an event whenever a turn ends, asks, waits or is answered, in one transaction with the write that makes it so. The table
   * is that of `outboxMigration`, `createOutboxStore` reads it. Default: no events.
   */
  readonly outbox?: OutboxTableOptions
  /** What was said of servers, where a host has several: the table of `serversMigration`. Not looked at without them. */
  readonly servers?: ServersTableOptions
  /** Receives every upstream session that no row refers to any more and that was not deleted. What it throws is ignored. */
  readonly onOrphan?: (orphan: OrphanSession) => void
  /**
   * Tells other processes what happened to a turn, so that they need not wait for their next look at its row. Never closed by the
   * store. Default: none.
   */
  readonly notifier?: Notifier
  /** Receives what a notifier failed with; no verb fails or waits for it. Default: it is ignored. */
  readonly onNotifyError?: OnNotifierError
}

const names: Names<SessionStoreOptions> = {
  knex: true,
  conversations: true,
  messages: true,
  clock: true,
  randomId: true,
  instance: true,
  keyPrefix: true,
  createMs: true,
  createWaitMs: true,
  createPollMs: true,
  statementMs: true,
  outbox: true,
  servers: true,
  onOrphan: true,
  notifier: true,
  onNotifyError: true,
}

/** @throws TypeError for an option that is none. */
export function assertStoreOptions(options: SessionStoreOptions): void {
  assertKnown('`createSessionStore`', options, names)
}
