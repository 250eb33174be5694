import type { AskRecord, SessionStore } from '../../src/index.js'
import type { BrokenStore } from './broken-store.js'

/** Stores that break what is promised of asks. */
export const brokenAsks: readonly BrokenStore[] = [
  {
    defect: 'lets the last answer win',
    caughtBy: [
      'the first answer wins, and the second learns which it was',
      'of many answers at once exactly one is accepted, and the row has it',
    ],
    breakStore: (store, knex) => ({
      ...store,
      answerAsk: async (request) => {
        const { turnId, askId, decision, by = null } = request
        const turn = await store.read(turnId)
        const known = turn?.asks.find(({ id }) => id === askId)
        if (turn === null || known === undefined) return store.answerAsk(request)
        const ask: AskRecord = { ...known, state: 'answered', decision, answeredBy: by }
        const asks = turn.asks.map((one) => (one.id === askId ? ask : one))
        await knex('messages')
          .where({ id: turnId })
          .update({ turn_asks: JSON.stringify({ v: 1, asks }) })
        return { accepted: true, ask, isParked: false }
      },
    }),
  },
  {
    defect: 'writes asks over what came between',
    caughtBy: ['of many answers at once exactly one is accepted, and the row has it'],
    breakStore: (store, knex) => ({
      ...store,
      updateAsks: async (lease, changes) => {
        const asks = (await store.read(lease.turnId))?.asks ?? []
        await new Promise((resolve) => setImmediate(resolve))
        const opened = changes.flatMap((change): AskRecord[] =>
          change.type === 'opened' ? [{ ...change.ask, ...untouched }] : [],
        )
        await knex('messages')
          .where({ id: lease.turnId })
          .update({ turn_asks: JSON.stringify({ v: 1, asks: [...asks, ...opened] }) })
        return [...asks, ...opened]
      },
    }),
  },
  {
    defect: 'lets any worker write asks',
    caughtBy: [
      'a worker that lost its turn, or whose turn is over, neither writes asks nor reads them',
    ],
    breakStore: (store, knex) => ({
      ...store,
      updateAsks: async (lease, changes) => {
        const row = await knex('messages').where({ id: lease.turnId }).first()
        return store.updateAsks({ ...lease, fence: Number(row.turn_fence) }, changes)
      },
    }),
  },
  {
    defect: 'forgets who answered',
    caughtBy: ['an answer is stored with who and when, from any process'],
    breakStore: (store) => ({
      ...store,
      answerAsk: ({ turnId, askId, decision }) => store.answerAsk({ turnId, askId, decision }),
    }),
  },
  {
    defect: 'answers any ask under any turn',
    caughtBy: ['an ask of another turn, or of none, is missing'],
    breakStore: (store, knex) => ({
      ...store,
      answerAsk: async (request) => {
        const rows = await knex('messages').whereLike('turn_asks', `%"${request.askId}"%`)
        return store.answerAsk({ ...request, turnId: rows[0]?.id ?? request.turnId })
      },
    }),
  },
  {
    defect: 'does not count the changes of asks',
    caughtBy: ['the worker learns of an answer when it renews, and reads it'],
    breakStore: (store) => ({
      ...store,
      renew: async (lease, options) => ({
        ...(await store.renew(lease, options)),
        asksRevision: 0,
      }),
    }),
  },
  {
    defect: 'takes any decision for any ask',
    caughtBy: ['a decision that is none of its kind is a TypeError, and decides nothing'],
    breakStore: (store) => ({
      ...store,
      answerAsk: async (request) => {
        try {
          return await store.answerAsk(request)
        } catch {
          return { accepted: false, reason: 'missing', ask: null }
        }
      },
    }),
  },
  {
    defect: 'leaves the asks of an ended turn open',
    caughtBy: [
      'the end of a turn closes its asks, whoever ends it',
      'an ask that was closed, or whose turn is over, takes no answer and says why',
    ],
    breakStore: (store) => ({
      ...store,
      read: async (turnId) => withAsks(await store.read(turnId), reopen),
      answerAsk: async (request) => {
        const result = await store.answerAsk(request)
        if (result.accepted || result.ask === null) return result
        return { ...result, ask: reopen(result.ask) }
      },
    }),
  },
  {
    defect: 'says of no turn since when it waits',
    caughtBy: ['a turn waits since its oldest open ask, and not at all once none is open'],
    breakStore: (store) => ({
      ...store,
      read: async (turnId) => {
        const turn = await store.read(turnId)
        return turn === null ? null : { ...turn, waitingSince: null }
      },
    }),
  },
]

const untouched = {
  state: 'open',
  decision: null,
  answeredBy: null,
  rule: null,
  answeredAt: null,
  sentAt: null,
  closedAt: null,
} as const

function reopen(ask: AskRecord): AskRecord {
  return ask.state === 'closed' ? { ...ask, state: 'open' } : ask
}

function withAsks(
  turn: Awaited<ReturnType<SessionStore['read']>>,
  change: (ask: AskRecord) => AskRecord,
): typeof turn {
  return turn === null ? null : { ...turn, asks: turn.asks.map(change) }
}
