import { type Clock, systemClock } from '../clock.js'
import type { AnswerRequest, AnswerResult } from '../ask-records.js'
import { answerAsk, updateAsks } from './asks.js'
import type {
  ConversationLease,
  Lease,
  PartialReply,
  Renewal,
  RowId,
  TurnGlance,
  TurnStore,
} from '../ports.js'
import { claim, claimConversation, type MemoryWorker } from './claim.js'
import {
  addTurn,
  conversationOf,
  isCurrent,
  isLeftover,
  isTerminal,
  newRows,
  type Rows,
  type Turn,
  turnOf,
  turnUnder,
  waitingIn,
} from './rows.js'
import { giveBackIn } from './give-back.js'
import { parkIn } from './park.js'
import { tell, watchTurn } from './notices.js'
import { toRecord } from './record.js'
import { createMemoryServers } from './servers.js'
import { createMemoryInbox } from './inbox.js'
import { createMemorySessions } from './sessions.js'

/** The rows of a host without a database. They are gone when the process ends. */
export interface MemoryStore extends TurnStore {
  /** Adds a pending turn, and its conversation if that is new. Does nothing when there is such a turn. */
  addTurn(turn: { readonly turnId: RowId; readonly conversationId: RowId }): void
  /** The answer to an ask of a running turn; the first one wins. */
  answerAsk(request: AnswerRequest): Promise<AnswerResult>
}

/** What a memory store uses. */
export interface MemoryStoreOptions {
  /** What leases expire by. Default: the machine's. */
  readonly clock?: Clock
  /**
   * Turns that wait for a person for long do so without a worker (`park`): `runTurn` returns, and the host calls it again when there is an
   * answer. Default false: a worker waits with its turn, since rows in memory outlive no process.
   */
  readonly parks?: boolean
}

/**
 * A store in memory: for scripts, tests, and hosts that keep what they need of a turn themselves. It keeps the same
 * promises as rows in a database, among the turns of one process.
 *
 * @example
 * const store = createMemoryStore()
 * store.addTurn({ conversationId: 1, turnId: 1 })
 * await runTurn({ client, store, conversationId: 1, turnId: 1, prompt: { text } })
 */
export function createMemoryStore({
  clock = systemClock,
  parks = false,
}: MemoryStoreOptions = {}): MemoryStore {
  const rows = newRows()
  const store = openMemoryStore(rows, { clock, instance: 'this process' })
  return parks ? { ...store, park: parkIn(rows) } : store
}

/** A handle on rows, as one process has it: two of them are two workers. */
export function openMemoryStore(rows: Rows, worker: MemoryWorker): MemoryStore {
  const { clock } = worker

  const write = (lease: Lease, from: Turn['status'], change: (turn: Turn) => void): boolean => {
    const turn = turnUnder(rows, lease)
    if (turn === null || turn.status !== from) return false
    change(turn)
    turn.revision += 1
    return true
  }
  const keep = (turn: Turn, fields: PartialReply): void => {
    const { text, reasoning, cost, tokens } = fields
    const reply = toJson(fields.reply)
    if (reply === null) turn.reason ??= 'reply_not_stored'
    Object.assign(turn, { reply, text, reasoning, cost, tokens })
  }

  const renew = (lease: ConversationLease, leaseMs: number): Renewal => {
    const conversation = conversationOf(rows, lease.conversationId)
    const turn = lease.turnId === null ? null : turnOf(rows, lease.turnId)
    const held = conversation !== undefined && conversation.owner !== null && isCurrent(rows, lease)
    if (held) conversation.expiresAt = clock.now() + leaseMs
    // A conversation that is held without a turn has none that could be cancelled.
    const status = turn === null ? 'running' : (turn?.status ?? 'cancelled')
    return { held, status, asksRevision: turn?.asksRevision ?? 0 }
  }

  return {
    ...createMemorySessions(rows),
    ...createMemoryServers(rows, clock),
    ...createMemoryInbox(rows, clock),
    addTurn: ({ turnId, conversationId }) => addTurn(rows, turnId, conversationId),
    async claim(request) {
      request.signal?.throwIfAborted()
      return claim(rows, worker, request)
    },
    async claimConversation(request) {
      request.signal?.throwIfAborted()
      return claimConversation(rows, worker, request)
    },

    async adopt(lease: ConversationLease, turnId: RowId) {
      const turn = turnOf(rows, turnId)
      if (turn === undefined || !isCurrent(rows, lease) || !isLeftover(turn)) return null
      if (String(turn.conversationId) !== String(lease.conversationId)) return null
      if (turn.status === 'waiting') {
        if ((turn.dueAt ?? Infinity) > clock.now() || turn.fence === lease.fence) return null
        Object.assign(turn, { status: 'running', dueAt: null })
      }
      turn.fence = lease.fence
      turn.revision += 1
      return { lease: { ...lease, turnId: turn.turnId }, turn: toRecord(turn) }
    },

    renew: async (lease, { leaseMs }) => renew(lease, leaseMs),

    renewAll: async (leases, { leaseMs }) => leases.map((lease) => renew(lease, leaseMs)),

    giveBack: giveBackIn(rows),

    async release(lease) {
      const conversation = conversationOf(rows, lease.conversationId)
      if (conversation !== undefined && isCurrent(rows, lease)) conversation.owner = null
    },

    recordPrompt: async (lease, prompt, spent) =>
      write(lease, 'running', (turn) => {
        turn.prompt = { ...prompt, partIds: [...prompt.partIds] }
        if (spent !== undefined) Object.assign(turn, { cost: spent.cost, tokens: spent.tokens })
      }),

    snapshot: async (lease, { reply, text }) =>
      write(lease, 'running', (turn) => Object.assign(turn, { reply: toJson(reply), text })),

    async settle(lease, settlement) {
      const { status, error, finish } = settlement
      const isWritten = write(lease, 'running', (turn) => {
        const { code = null, message = null } = error ?? {}
        Object.assign(turn, {
          status,
          reason: settlement.reason,
          error: code === null || message === null ? null : { code, message },
          providerStatus: error?.status ?? null,
          providerMessage: error?.detail ?? null,
          finish,
          settledAt: clock.now(),
        })
        keep(turn, settlement)
      })
      if (isWritten) return true
      // The same end again is no other end: an answer may have been lost. A cancel that came before keeps what there was.
      const turn = turnOf(rows, lease.turnId)
      if (turn?.fence !== lease.fence || turn.status !== status) return false
      if (status === 'cancelled' && turnUnder(rows, lease) !== null) keep(turn, settlement)
      return true
    },

    keepPartial: async (lease, fields) => write(lease, 'cancelled', (turn) => keep(turn, fields)),

    async closeTurn(lease, { files } = {}) {
      const turn = turnUnder(rows, lease)
      if (turn === null || !isTerminal(turn)) return false
      turn.closedAt ??= clock.now()
      if (files !== undefined) turn.files = JSON.stringify(files)
      turn.revision += 1
      return true
    },

    updateAsks: async (lease, changes) => updateAsks(rows, clock, lease, changes),

    async answerAsk(request) {
      const result = answerAsk(rows, clock, request)
      if (result.accepted) tell(rows, request.turnId, 'answered')
      return result
    },

    watch: (turnId, wake) => watchTurn(rows, turnId, wake),

    async read(turnId) {
      const turn = turnOf(rows, turnId)
      return turn === undefined ? null : toRecord(turn)
    },

    async peek(turnIds) {
      return turnIds.map((id) => {
        const turn = turnOf(rows, id)
        return turn === undefined ? null : glanceAt(rows, turn, clock.now())
      })
    },

    async cancel({ turnId, reason = null }) {
      const turn = turnOf(rows, turnId)
      if (turn === undefined || isTerminal(turn)) return false
      Object.assign(turn, { status: 'cancelled', reason, dueAt: null, settledAt: clock.now() })
      tell(rows, turnId, 'cancelled')
      turn.revision += 1
      return true
    },
  }
}

function glanceAt(rows: Rows, turn: Turn, now: number): TurnGlance {
  const { turnId, conversationId, status, fence, revision, asksRevision } = turn
  const holder = conversationOf(rows, conversationId)
  const isHeld = holder !== undefined && holder.owner !== null && holder.expiresAt > now
  const isOther = holder?.turnId !== null && String(holder?.turnId) !== String(turnId)
  const isBehind = status === 'pending' && waitingIn(rows, conversationId, now) !== null
  const waitsForTurn = isBehind || (isHeld && isOther)
  return { turnId, status, fence, revision, asksRevision, waitsForTurn }
}

/** The text that a row would keep; null for what is no JSON. */
function toJson(value: unknown): string | null {
  try {
    return isSerializable(value) ? value.serialize() : (JSON.stringify(value) ?? null)
  } catch {
    return null
  }
}

function isSerializable(value: unknown): value is { serialize(): string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'serialize' in value &&
    typeof value.serialize === 'function'
  )
}
