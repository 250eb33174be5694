import { completed, failed, firstPrompt } from '../../src/contract/subject.js'
import { createSessionStore } from '../../src/index.js'
import type { KnexSessionStore, Lease, OpenAsk, RowId } from '../../src/index.js'
import { createOutboxStore } from '../../src/outbox.js'
import type { OutboxStore } from '../../src/outbox.js'
import type { Rows } from '../support/open-rows.js'
import type { Call } from './history.js'
import { begun, laterMs, leaseMs, type Op } from './reference.js'

export const owners = ['one', 'other'] as const
export const lives = ['first', 'second'] as const

const theAsk: OpenAsk = {
  id: 'per_1',
  kind: 'permission',
  sessionId: 'ses_1',
  callId: null,
  askedAt: 5,
  permission: 'bash',
  patterns: ['ls'],
}

/** What a defect of a store is made with. */
export interface Broken {
  readonly store: KnexSessionStore
  readonly rows: Rows
  readonly turnId: RowId
  /** The same store, which tells no one. */
  readonly silent: KnexSessionStore
}

/** The rows of one turn, and all who do something to them. */
export interface World {
  readonly calls: Call[]
  /** Claims that succeeded, in the order in which they said so. */
  readonly fences: readonly number[]
  readonly told: readonly string[]
  /** Does it, and notes what it said. */
  play(op: Op): Promise<void>
  /** Takes what is due; a teller that dies has told no one, and it is due again later. */
  tell(dies: boolean): Promise<void>
  /** Tells all that is left. */
  tellRest(): Promise<void>
  read(): ReturnType<KnexSessionStore['read']>
}

export async function openWorld(
  rows: Rows,
  breakStore: (broken: Broken) => Partial<KnexSessionStore> = () => ({}),
  breakOutbox: (outbox: OutboxStore) => Partial<OutboxStore> = () => ({}),
): Promise<World> {
  const { knex } = rows
  await knex('turnstead_outbox').delete()
  await rows.clear()
  const conversationId = await rows.insertConversation()
  const turnId = await rows.insertTurn(conversationId)
  const ids = { conversationId, turnId }
  let advanced = 0
  let steps = 0
  const clockAt = (ms: number) => ({
    now: () => begun.now + advanced + ms,
    sleep: async () => undefined,
  })
  const open = (ms: number, instance: string): KnexSessionStore => {
    const options = { knex, clock: clockAt(ms), instance }
    const store = createSessionStore({ ...options, outbox: {} })
    const silent = createSessionStore(options)
    return { ...store, ...breakStore({ store, silent, rows, turnId }) }
  }
  const now = { first: open(0, 'first'), second: open(0, 'second') }
  const later = { first: open(laterMs, 'first'), second: open(laterMs, 'second') }
  const outboxAt = (ms: number): OutboxStore => {
    const outbox = createOutboxStore({ knex, clock: clockAt(ms) })
    return { ...outbox, ...breakOutbox(outbox) }
  }
  const [outbox, lastOutbox] = [outboxAt(2 * laterMs), outboxAt(9 * laterMs)]
  const calls: Call[] = []
  const leases = new Map<number, Lease>()
  const told: string[] = []

  const leaseOf = (fence: number): Lease =>
    leases.get(fence) ?? { ...ids, owner: 'no one', fence, expiresAt: 0 }

  const doIt = async (op: Op): Promise<string> => {
    switch (op.verb) {
      case 'claim': {
        const store = (op.isLater ? later : now)[op.life as keyof typeof now]
        const claimed = await store.claim({ ...ids, owner: op.owner, leaseMs })
        if (!claimed.claimed) return claimed.reason
        leases.set(claimed.lease.fence, claimed.lease)
        return `claimed ${claimed.lease.fence}`
      }
      case 'release':
        await now.first.release(leaseOf(op.fence))
        return 'released'
      case 'giveBack':
        return String(await now.first.giveBack(leaseOf(op.fence)))
      case 'recordPrompt':
        return String(await now.first.recordPrompt(leaseOf(op.fence), firstPrompt))
      case 'ask': {
        const change = { type: 'opened', ask: theAsk } as const
        const asks = await now.first.updateAsks(leaseOf(op.fence), [change])
        return asks === null ? 'lost' : 'asked'
      }
      case 'settle': {
        const store = (op.isLater ? later : now).first
        const settlement = op.status === 'completed' ? completed : failed
        return String(await store.settle(leaseOf(op.fence), settlement))
      }
      case 'close':
        return String(await now.first.closeTurn(leaseOf(op.fence)))
      case 'answer': {
        const decision = { action: op.by === 'Ada' ? 'allow' : 'reject' } as const
        const answer = { turnId, askId: theAsk.id, decision, by: op.by }
        const result = await now.second.answerAsk(answer)
        return result.accepted ? 'accepted' : result.reason
      }
      case 'cancel':
        return String(await now.second.cancel({ turnId }))
      case 'putBack': {
        const changed: unknown = await knex('messages')
          .where({ id: turnId })
          .whereIn('turn_status', ['completed', 'failed', 'cancelled'])
          .update({ turn_status: 'pending', turn_settled_at: null, turn_closed_at: null })
        return Number(changed) > 0 ? 'back' : 'not over'
      }
      case 'sweep': {
        const report = await now.second.sweep({
          pendingOlderThanMs: 9 * laterMs,
          unclosedOlderThanMs: 1,
        })
        if (report.strandedTurns.length > 0) return 'stranded'
        return report.unclosedTurns.length > 0 ? 'unclosed' : 'nothing'
      }
      case 'advance':
        advanced += op.ms
        return 'advanced'
    }
  }

  const deliver = async (from: OutboxStore, dies: boolean): Promise<number> => {
    const events = await from.take({ limit: 5, leaseMs })
    if (dies) return 0
    for (const { id, type, status, at } of events) {
      const what = type.replace('turn.', '')
      told.push(what === 'ended' ? `${what} ${status} ${at}` : `${what} ${at}`)
      await from.delivered(id)
    }
    return events.length
  }

  return {
    calls,
    told,
    get fences() {
      return [...leases.keys()]
    },
    async play(op) {
      const from = (steps += 1)
      const said = await doIt(op).catch((error: unknown) =>
        String((error as { readonly code?: unknown }).code ?? error),
      )
      calls.push({ op, said, from, to: (steps += 1) })
    },
    tell: async (dies) => void (await deliver(outbox, dies)),
    async tellRest() {
      while ((await deliver(lastOutbox, false)) > 0);
    },
    read: () => now.first.read(turnId),
  }
}
