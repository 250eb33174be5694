import { answerAmong, isTerminal, mergeAsks } from '@turnstead/session'
import type { Clock, Lease, PartialReply, RowId } from '@turnstead/session'
import type { SessionStore, TurnRecord, TurnStatus } from '@turnstead/session'
import type { Kysely } from 'kysely'
import { createLeases } from './kysely-leases.js'
import { openRows, toJson, toRecord } from './kysely-rows.js'
import type { Chat, ChatTables, Trx, Turn } from './kysely-rows.js'
import { createSessions } from './kysely-sessions.js'

const unchanged = Symbol('unchanged')

type Write = (
  lease: Lease,
  from: readonly TurnStatus[],
  change: (turn: Turn) => unknown,
) => Promise<boolean>

/** Without `park` a worker waits with a turn that asks. */
type Verbs = Omit<SessionStore, 'sweep' | 'removeConversation' | 'noteSession' | 'watch' | 'park'>

/**
 * A store of one's own, without Knex: every verb locks the row of its chat, decides, and writes. No lock is held while
 * OpenCode is called. It keeps the contract of `@turnstead/session/contract` on PostgreSQL, and on SQLite with one connection.
 */
export function createKyselyStore(options: {
  readonly db: Kysely<ChatTables>
  readonly clock: Clock
  /** `rows` for PostgreSQL and MySQL; `none` where one connection has the database for itself, as on SQLite. */
  readonly locks: 'rows' | 'none'
  /** Names this life of the process. */
  readonly instance: string
  readonly createMs: number
}): Verbs {
  const { db, clock, instance, createMs } = options
  const rows = openRows(db, options.locks)
  const { inChat, load, save } = rows

  /** A worker's write: under its own claim, out of one of these states. */
  const write: Write = (lease, from, change) =>
    inChat(lease.conversationId, async (chat, trx) => {
      const turn = await load(trx, lease.turnId)
      if (chat?.fence !== lease.fence || turn?.fence !== lease.fence) return false
      if (!from.includes(turn.status)) return false
      if (change(turn) !== unchanged) await save(trx, turn)
      return true
    })

  const keep = (turn: Turn, { reply, text, reasoning, cost, tokens }: PartialReply): void => {
    const json = toJson(reply)
    if (json === undefined) turn.reason ??= 'reply_not_stored'
    Object.assign(turn, { text, reasoning, cost: Number.isFinite(cost) ? cost : 0, tokens })
    turn.reply = json === undefined ? null : JSON.parse(json)
  }

  /** For verbs that know only the turn. */
  const ofTurn = async <T>(id: RowId, none: T, act: (turn: Turn, trx: Trx) => Promise<T>) => {
    const known = await load(db, id)
    if (known === null) return none
    return inChat(known.conversationId, async (_, trx) => {
      const turn = await load(trx, id)
      return turn === null ? none : act(turn, trx)
    })
  }

  return {
    ...createSessions({ inChat, clock, createMs }),
    ...createLeases(rows, { clock, instance }),
    giveBack: (lease) => giveBack(write, lease),
    recordPrompt: (lease, prompt, spent) =>
      write(lease, ['running'], (turn) => Object.assign(turn, { prompt }, spent)),
    snapshot: (lease, { reply, text }) =>
      write(lease, ['running'], (turn) => Object.assign(turn, { reply, text })),
    settle: async (lease, settlement) => {
      const { status, reason, error, finish } = settlement
      const isWritten = await write(lease, ['running'], (turn) => {
        const { code, message, status: providerStatus = null, detail = null } = error ?? {}
        const why = code === undefined ? null : { code: code.slice(0, 64), message }
        const provider = { providerStatus, providerMessage: detail }
        Object.assign(turn, {
          status,
          reason,
          error: why,
          ...provider,
          finish,
          settledAt: clock.now(),
        })
        keep(turn, settlement)
      })
      if (isWritten) return true
      if (status === 'cancelled') return write(lease, [status], (turn) => keep(turn, settlement))
      const turn = await load(db, lease.turnId)
      return turn?.fence === lease.fence && turn.status === status
    },
    keepPartial: (lease, fields) => write(lease, ['cancelled'], (turn) => keep(turn, fields)),
    closeTurn: (lease, { files } = {}) =>
      write(lease, ['completed', 'failed', 'cancelled'], (turn) => {
        turn.closedAt ??= clock.now()
        if (files !== undefined) turn.files = files
      }),
    cancel: ({ turnId, reason = null }) =>
      ofTurn(turnId, false, async (turn, trx) => {
        if (isTerminal(turn.status)) return false
        await save(trx, { ...turn, status: 'cancelled', reason, settledAt: clock.now() })
        return true
      }),
    read: async (turnId) => {
      const turn = await load(db, turnId)
      return turn === null ? null : toRecord(turn)
    },
    peek: (turnIds) =>
      Promise.all(
        turnIds.map((id) =>
          ofTurn(id, null, async (turn, trx) => {
            const { turnId, status, fence, revision, asksRevision } = turn
            const chats = trx.selectFrom('chat').select('state')
            const row = await chats.where('id', '=', Number(turn.conversationId)).executeTakeFirst()
            const { holder = null } = JSON.parse(row?.state ?? '{}') as Partial<Chat>
            const isHeld = holder !== null && holder.expiresAt > clock.now()
            const isOther = holder?.turnId !== null && holder?.turnId !== String(turnId)
            return {
              turnId,
              status,
              fence,
              revision,
              asksRevision,
              waitsForTurn: isHeld && isOther,
            }
          }),
        ),
      ),
    updateAsks: async (lease, changes) => {
      let asks: TurnRecord['asks'] | null = null
      await write(lease, ['running'], (turn) => {
        asks = mergeAsks(turn.asks, changes, clock.now())
        if (asks === turn.asks) return unchanged
        return Object.assign(turn, { asks, asksRevision: turn.asksRevision + 1 })
      })
      return asks
    },
    answerAsk: async (request) => {
      const none = { asks: [], status: 'pending', settledAt: null } as const
      const missing = answerAmong(none, request, clock.now()).result
      return ofTurn(request.turnId, missing, async (turn, trx) => {
        const { result, asks } = answerAmong(turn, request, clock.now())
        const asksRevision = turn.asksRevision + 1
        if (result.accepted) await save(trx, { ...turn, asks, asksRevision })
        return result
      })
    },
  }
}

/** Only what was asked nothing; said again it is true again. */
async function giveBack(write: Write, lease: Lease): Promise<boolean> {
  let isBack = false
  await write(lease, ['running', 'pending'], (turn) => {
    isBack = turn.status === 'pending' || turn.prompt === null
    if (!isBack || turn.status === 'pending') return unchanged
    return Object.assign(turn, { status: 'pending', startedAt: null })
  })
  return isBack
}
