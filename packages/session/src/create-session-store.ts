import { randomUUID } from 'node:crypto'
import type { Knex } from 'knex'
import { asRowId, assertDuration, assertName } from './asserts.js'
import { systemClock } from './clock.js'
import type { Clock } from './clock.js'
import { SessionError } from './errors.js'
import type { Notifier, TurnNotice } from './notifier.js'
import { createNotices } from './notifying/notices.js'
import type { OnNotifierError } from './notifying/topic-listeners.js'
import type { RowId } from './records.js'
import type { SessionStore } from './session-store.js'
import { adoptTurn } from './statements/adopt-turn.js'
import { cancelTurn } from './statements/cancel-turn.js'
import { closeTurn } from './statements/close-turn.js'
import { findSession } from './statements/find-session.js'
import { peekTurns } from './statements/peek-turns.js'
import { readTurn } from './statements/read-turn.js'
import { releaseLease } from './statements/leases/release-lease.js'
import { promptFields, snapshotFields } from './statements/row-values.js'
import { writeTurn } from './statements/write-turn.js'
import { conversationTable, messageTable } from './tables.js'
import type { ConversationColumns, MessageColumns, TableOptions, Tables } from './tables.js'
import { askVerbs } from './verbs/ask-verbs.js'
import { claimConversation } from './verbs/claim-conversation.js'
import type { ClaimContext } from './verbs/claim-context.js'
import { claimTurn } from './verbs/claim-turn.js'
import type { OrphanSession } from './verbs/discard-session.js'
import { ensureSession } from './verbs/ensure-session.js'
import { renewAll, renewOne } from './verbs/renew.js'
import { keepPartial, settleTurn } from './verbs/settle-turn.js'

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
  /** How long a worker may take to create an upstream session before another takes over, in milliseconds. Default: 30 000. */
  readonly createMs?: number
  /** How long to wait for another worker's session before `session_create_timeout`, in milliseconds. Default: 60 000. */
  readonly createWaitMs?: number
  /** How often to read the row meanwhile, in milliseconds. Default: 100. */
  readonly createPollMs?: number
  /** Receives every upstream session that no row refers to any more and that was not deleted. What it throws is ignored. */
  readonly onOrphan?: (orphan: OrphanSession) => void
  /**
   * Tells other processes what happened to a turn, so that they need not wait for their next look at its row. Never closed by the
   * store. Default: none.
   */
  readonly notifier?: Notifier
  /** Receives what a notifier failed with; no verb fails or waits because of it. Default: it is ignored. */
  readonly onNotifyError?: OnNotifierError
}

const thisProcess = randomUUID()
const longestOwner = 255
const longestInstance = 128

/**
 * The store over two of the host's tables. It opens no transaction and owns no connection. Throws a `TypeError` or
 * `RangeError` that names the option that is wrong.
 *
 * @example
 *     const store = createSessionStore({ knex, messages: { prefix: 'ai_' } })
 *     const claim = await store.claim({ conversationId, turnId, owner: `${hostname()}-1`, leaseMs: 60_000 })
 */
export function createSessionStore(options: SessionStoreOptions): SessionStore {
  const { clock = systemClock, randomId = randomUUID } = options
  const tables: Tables = {
    knex: asGetter(options.knex),
    clock,
    conversations: conversationTable(options.conversations),
    messages: messageTable(options.messages),
  }
  const creating = {
    tables,
    randomId,
    createMs: assertDuration('createMs', options.createMs ?? 30_000),
    createWaitMs: assertDuration('createWaitMs', options.createWaitMs ?? 60_000),
    createPollMs: assertDuration('createPollMs', options.createPollMs ?? 100),
    onOrphan: options.onOrphan,
  }
  const claiming: ClaimContext = {
    tables,
    randomId,
    instance: assertName('instance', options.instance ?? thisProcess, longestInstance),
    forsaken: new Set(),
  }
  const notices = createNotices(options.notifier, options.onNotifyError)
  /** Tells what a write did, if it did it. */
  const telling = async (
    turnId: RowId,
    type: TurnNotice['type'],
    writing: Promise<boolean>,
  ): Promise<boolean> => {
    const isWritten = await writing
    if (isWritten) notices.notify(turnId, type)
    return isWritten
  }
  const { columns } = tables.messages

  return {
    ...askVerbs(tables, notices),

    claim: async (request) => {
      assertClaim(request)
      const conversationId = asRowId('conversationId', request.conversationId)
      const turnId = asRowId('turnId', request.turnId)
      return claimTurn(claiming, { ...request, conversationId, turnId })
    },

    claimConversation: async (request) => {
      assertClaim(request)
      const conversationId = asRowId('conversationId', request.conversationId)
      return claimConversation(claiming, { ...request, conversationId })
    },

    adopt: async (lease, turnId) => {
      const adopted = { ...lease, turnId: asRowId('turnId', turnId) }
      if (!(await adoptTurn(tables, adopted))) return null
      const turn = await readTurn(tables, adopted.turnId)
      return turn === null ? null : { lease: adopted, turn }
    },

    renew: async (lease, { leaseMs }) =>
      renewOne(tables, lease, assertDuration('leaseMs', leaseMs)),

    renewAll: async (leases, { leaseMs }) =>
      renewAll(tables, leases, assertDuration('leaseMs', leaseMs)),

    release: (lease) => releaseLease(tables, lease),

    recordPrompt: async (lease, prompt, spent) =>
      writeTurn(tables, lease, {
        what: 'store the prompt',
        from: 'running',
        set: promptFields(columns, prompt, spent),
      }),

    snapshot: async (lease, fields) => {
      const write = {
        what: 'store a snapshot',
        from: 'running',
        set: snapshotFields(columns, fields),
      } as const
      return telling(lease.turnId, 'changed', writeTurn(tables, lease, write))
    },

    settle: async (lease, settlement) =>
      telling(lease.turnId, 'settled', settleTurn(tables, lease, settlement)),

    keepPartial: async (lease, fields) =>
      telling(lease.turnId, 'settled', keepPartial(tables, lease, fields)),

    closeTurn: (lease) => closeTurn(tables, lease, clock.now()),

    cancel: async ({ turnId, reason = null }) => {
      const id = asRowId('turnId', turnId)
      return telling(id, 'cancelled', cancelTurn(tables, id, { reason, now: clock.now() }))
    },

    watch: (turnId, wake) => notices.watch(asRowId('turnId', turnId), wake),

    read: async (turnId) => readTurn(tables, asRowId('turnId', turnId)),

    peek: async (turnIds) =>
      peekTurns(
        tables,
        turnIds.map((id) => asRowId('turnIds', id)),
      ),

    ensureSession: async (conversationId, upstream, { signal } = {}) =>
      ensureSession(creating, {
        conversationId: asRowId('conversationId', conversationId),
        upstream,
        staleSessionId: null,
        signal,
      }),

    recreateSession: async (conversationId, staleSessionId, upstream, { signal } = {}) =>
      ensureSession(creating, {
        conversationId: asRowId('conversationId', conversationId),
        upstream,
        staleSessionId,
        signal,
      }),

    abortSession: async (conversationId, upstream) => {
      const row = await findSession(tables, asRowId('conversationId', conversationId))
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

function assertClaim({ owner, leaseMs }: { owner: string; leaseMs: number }): void {
  assertName('owner', owner, longestOwner)
  assertDuration('leaseMs', leaseMs)
}

/** Knex itself is callable, so only `raw` distinguishes it from a function that gives one. */
function asGetter(knex: Knex | (() => Knex)): () => Knex {
  if (typeof knex !== 'function') {
    throw new TypeError('`knex` is missing: pass a Knex instance, or a function that returns one.')
  }
  if ('raw' in knex) {
    const given = refuseTransaction(knex)
    return () => given
  }
  return () => refuseTransaction(knex())
}

/** What is written in it is not there for other workers, and gone when this process dies, after the prompt was sent. */
function refuseTransaction(knex: Knex): Knex {
  if (knex.isTransaction !== true) return knex
  throw new TypeError(
    '`knex` is a transaction: what the store writes must be committed before OpenCode is called. Pass the Knex instance itself, and run the turn after the commit.',
  )
}
