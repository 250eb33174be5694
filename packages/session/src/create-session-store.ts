import { randomUUID } from 'node:crypto'
import type { Knex } from 'knex'
import { asRowId, assertDuration, assertKeyPrefix, assertName } from './values/asserts.js'
import { systemClock } from './clock.js'
import { noteSession } from './creation/note-session.js'
import { createNotices } from './notifying/notices.js'
import type { RowId } from './records.js'
import type { InboxVerbs } from './store/inbox-verbs.js'
import type { ServerVerbs } from './store/server-verbs.js'
import type { SessionQueries } from './store/session-queries.js'
import type { SessionOptions, SessionStore } from './session-store.js'
import { type SessionStoreOptions, assertStoreOptions } from './session-store-options.js'
import { adoptTurn } from './statements/adopt-turn.js'
import { peekTurns } from './statements/peek-turns.js'
import { listRunning, listWaiting } from './statements/list-turns.js'
import { readTurn } from './statements/read-turn.js'
import { releaseLease } from './statements/release-lease.js'
import { outboxTable } from './migrations/outbox-table.js'
import { serversTable } from './migrations/servers-table.js'
import { conversationTable, messageTable } from './tables.js'
import type { Tables } from './tables.js'
import { tracedVerbs } from './tracing/trace.js'
import { abortSession } from './verbs/abort-session.js'
import { askVerbs } from './verbs/ask-verbs.js'
import { claimConversation } from './verbs/claim-conversation.js'
import type { ClaimContext } from './verbs/claim-context.js'
import { claimTurn } from './verbs/claim-turn.js'
import { parkVerbs } from './verbs/park-turn.js'
import { ensureSession } from './verbs/ensure-session.js'
import type { SessionRequest } from './verbs/ensure-session.js'
import { readWritten } from './verbs/read-written.js'
import { inboxVerbs } from './verbs/inbox-verbs.js'
import { renewAll, renewOne } from './verbs/renew.js'
import { serverVerbs } from './verbs/server-verbs.js'
import { turnWrites } from './verbs/turn-writes.js'
import { upkeepVerbs } from './verbs/upkeep-verbs.js'

/** The store, and what only one with SQL gives: lists of turns. */
export interface KnexSessionStore
  extends
    Omit<SessionStore, keyof ServerVerbs | keyof InboxVerbs>,
    InboxVerbs,
    ServerVerbs,
    SessionQueries {}

const thisProcess = randomUUID()
const longestOwner = 255
const longestInstance = 128
const longestRules = 64
const longestTrace = 255

/**
 * The store over two of the host's tables. It owns no connection, and opens no transaction but for an event and its cause
 * (`outbox`). Throws a `TypeError` or `RangeError` that names the option that is wrong.
 *
 * @example
 *     const store = createSessionStore({ knex, messages: { prefix: 'ai_' } })
 *     const claim = await store.claim({ conversationId, turnId, owner: `${hostname()}-1`, leaseMs: 60_000 })
 */
export function createSessionStore(options: SessionStoreOptions): KnexSessionStore {
  assertStoreOptions(options)
  const { clock = systemClock, randomId = randomUUID } = options
  const keyPrefix = assertKeyPrefix(options.keyPrefix ?? '')
  const tables: Tables = {
    knex: asGetter(options.knex),
    clock,
    statementMs: assertDuration('statementMs', options.statementMs ?? 15_000),
    outbox: options.outbox === undefined ? null : outboxTable(options.outbox),
    servers: serversTable(options.servers),
    conversations: conversationTable(options.conversations),
    messages: messageTable(options.messages),
  }
  const creating = {
    tables,
    randomId,
    keyPrefix,
    createMs: assertDuration('createMs', options.createMs ?? 30_000),
    createWaitMs: assertDuration('createWaitMs', options.createWaitMs ?? 60_000),
    createPollMs: assertDuration('createPollMs', options.createPollMs ?? 100),
    onOrphan: options.onOrphan,
    forsaken: new Set<string>(),
  }
  const claiming: ClaimContext = {
    tables,
    randomId,
    instance: assertName('instance', options.instance ?? thisProcess, longestInstance),
    forsaken: new Set(),
  }
  const notices = createNotices(options.notifier, options.onNotifyError)
  const store: KnexSessionStore = {
    ...turnWrites(tables, notices, randomId),
    ...askVerbs(tables, notices),
    ...serverVerbs(tables),
    ...inboxVerbs(tables, notices, randomId),
    ...parkVerbs(tables, notices),
    ...upkeepVerbs({ ...creating, notices }),

    claim: async (request) => {
      assertClaim(request)
      if (typeof request.trace === 'string') assertName('trace', request.trace, longestTrace)
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
      return { lease: adopted, turn: await readWritten(tables, adopted) }
    },

    renew: async (lease, { leaseMs }) =>
      renewOne(tables, lease, assertDuration('leaseMs', leaseMs)),

    renewAll: async (leases, { leaseMs }) =>
      renewAll(tables, leases, assertDuration('leaseMs', leaseMs)),

    release: (lease) => releaseLease(tables, lease),

    read: async (turnId) => readTurn(tables, asRowId('turnId', turnId)),

    peek: async (turnIds) =>
      peekTurns(
        tables,
        turnIds.map((id) => asRowId('turnIds', id)),
      ),

    runningTurns: async (page = {}) => listRunning(tables, page),

    waitingTurns: async (page = {}) => listWaiting(tables, page),

    ensureSession: async (conversationId, upstream, request = {}) =>
      ensureSession(creating, {
        ...toRequest(conversationId, request),
        upstream,
        staleSessionId: null,
      }),

    recreateSession: async (conversationId, staleSessionId, upstream, request = {}) =>
      ensureSession(creating, {
        ...toRequest(conversationId, request),
        upstream,
        staleSessionId,
      }),

    noteSession: (lease, note) => noteSession(tables, lease, note),

    abortSession: async (conversationId, upstream) =>
      abortSession(tables, asRowId('conversationId', conversationId), upstream),
  }
  return tracedVerbs(store, ['watch'])
}

function toRequest(
  conversationId: RowId,
  { lease, rules = null, signal }: SessionOptions,
): Pick<SessionRequest, 'conversationId' | 'signal' | 'fence' | 'rules'> {
  if (rules !== null) assertName('rules', rules, longestRules)
  return {
    conversationId: asRowId('conversationId', conversationId),
    signal,
    fence: lease?.fence ?? null,
    rules,
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
