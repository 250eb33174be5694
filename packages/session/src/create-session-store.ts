import { randomUUID } from 'node:crypto'
import type { Knex } from 'knex'
import { claimTurn } from './claim-turn.js'
import { systemClock } from './clock.js'
import type { Clock } from './clock.js'
import { SessionError } from './errors.js'
import { obtainSession } from './ensure-session.js'
import type { OrphanSession } from './ensure-session.js'
import { assertDuration, assertRowId } from './asserts.js'
import type { SessionStore } from './session-store.js'
import { cancelTurn } from './statements/cancel-turn.js'
import { findSession } from './statements/find-session.js'
import { readTurn } from './statements/read-turn.js'
import { releaseLease } from './statements/release-lease.js'
import { checkLease, renewLease } from './statements/renew-lease.js'
import { writeTurn } from './statements/write-turn.js'
import { conversationTable, messageTable } from './tables.js'
import type { ConversationColumns, MessageColumns, TableOptions, Tables } from './tables.js'
import { partialFields, promptFields, settlementFields, snapshotFields } from './row-values.js'

/** Where the rows are, and what the store uses beside the database. */
export interface SessionStoreOptions {
  /** The host's Knex, or a function that gives it when it is needed. The store never destroys it. */
  readonly knex: Knex | (() => Knex)
  /** The conversations. Default table: `conversations`. */
  readonly conversations?: TableOptions<ConversationColumns>
  /** The messages. Default table: `messages`. */
  readonly messages?: TableOptions<MessageColumns>
  /** What leases and creations expire by; the clocks of all workers should agree to well within a lease. Default: the machine's. */
  readonly clock?: Clock
  /** Makes unguessable keys and claims for creations, at most 64 characters. Default: `crypto.randomUUID`. */
  readonly randomId?: () => string
  /** How long a worker may take to create an upstream session before another takes over, in milliseconds. Default: 30 000. */
  readonly createMs?: number
  /** How long to wait for another worker's session before `session_create_timeout`, in milliseconds. Default: 60 000. */
  readonly createWaitMs?: number
  /** How often to look meanwhile, in milliseconds. Default: 100. */
  readonly createPollMs?: number
  /** Told of every upstream session that nothing refers to and that could not be deleted. */
  readonly onOrphan?: (orphan: OrphanSession) => void
}

/** The store over two of the host's tables. It opens no transaction and owns no connection. */
export function createSessionStore(options: SessionStoreOptions): SessionStore {
  const { knex, clock = systemClock, randomId = randomUUID } = options
  const tables: Tables = {
    knex: asGetter(knex),
    conversations: conversationTable(options.conversations),
    messages: messageTable(options.messages),
  }
  const creation = {
    tables,
    clock,
    randomId,
    createMs: assertDuration('createMs', options.createMs ?? 30_000),
    createWaitMs: assertDuration('createWaitMs', options.createWaitMs ?? 60_000),
    createPollMs: assertDuration('createPollMs', options.createPollMs ?? 100),
    onOrphan: options.onOrphan,
  }
  const { columns } = tables.messages

  return {
    claim: (request) => claimTurn({ tables, clock }, request),

    renew: async (lease, { leaseMs }) => {
      await renewLease(tables, lease, clock.now() + assertDuration('leaseMs', leaseMs))
      return (await checkLease(tables, lease)) ?? { held: false, status: 'cancelled' }
    },

    release: (lease) => releaseLease(tables, lease),

    recordPrompt: (lease, prompt) =>
      writeTurn(tables, lease, {
        what: 'store the prompt',
        from: 'running',
        set: promptFields(columns, prompt),
      }),

    snapshot: (lease, fields) =>
      writeTurn(tables, lease, {
        what: 'store a snapshot',
        from: 'running',
        set: snapshotFields(columns, fields),
      }),

    settle: (lease, settlement) =>
      writeTurn(tables, lease, {
        what: 'store the end',
        from: 'running',
        set: settlementFields(columns, settlement, clock.now()),
      }),

    keepPartial: (lease, fields) =>
      writeTurn(tables, lease, {
        what: 'store the partial reply',
        from: 'cancelled',
        set: partialFields(columns, fields),
      }),

    cancel: ({ turnId, reason = null }) =>
      cancelTurn(tables, assertRowId('turnId', turnId), { reason, now: clock.now() }),

    read: (turnId) => readTurn(tables, assertRowId('turnId', turnId)),

    ensureSession: (conversationId, upstream, { signal } = {}) =>
      obtainSession(creation, {
        conversationId: assertRowId('conversationId', conversationId),
        upstream,
        staleSessionId: null,
        signal,
      }),

    recreateSession: (conversationId, staleSessionId, upstream, { signal } = {}) =>
      obtainSession(creation, {
        conversationId: assertRowId('conversationId', conversationId),
        upstream,
        staleSessionId,
        signal,
      }),

    abortSession: async (conversationId, upstream) => {
      const row = await findSession(tables, assertRowId('conversationId', conversationId))
      if (row === null) {
        throw new SessionError(
          'conversation_not_found',
          `No conversation has the id ${conversationId}.`,
        )
      }
      if (row.sessionId === null) return false
      await upstream.abort(row.sessionId)
      return true
    },
  }
}

/** Knex itself is callable, so only `raw` tells it from a function that gives one. */
function asGetter(knex: Knex | (() => Knex)): () => Knex {
  if (typeof knex !== 'function') {
    throw new TypeError('`knex` is missing: pass a Knex instance, or a function that returns one.')
  }
  return 'raw' in knex ? () => knex : knex
}
