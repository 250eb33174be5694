import type { KnexSessionStore } from '../../src/index.js'
import type { OutboxStore } from '../../src/outbox.js'
import type { Broken } from './world.js'

/** A store or an outbox with something wrong in it. */
export interface Defect {
  readonly name: string
  readonly breakStore?: (broken: Broken) => Partial<KnexSessionStore>
  readonly breakOutbox?: (outbox: OutboxStore) => Partial<OutboxStore>
  /** What it takes to see it. */
  readonly isSeen: 'in order' | 'at once'
}

export const defects: readonly Defect[] = [
  {
    name: 'settles without a look at the fence',
    isSeen: 'in order',
    breakStore: ({ store, rows, turnId }) => ({
      async settle(lease, settlement) {
        if (await store.settle(lease, settlement)) return true
        const changed: unknown = await rows
          .knex('messages')
          .where({ id: turnId, turn_status: 'running' })
          .update({ turn_status: settlement.status })
        return Number(changed) > 0
      },
    }),
  },
  {
    name: 'gives back without a look at the fence',
    isSeen: 'in order',
    breakStore: ({ rows, turnId }) => ({
      async giveBack() {
        const changed: unknown = await rows
          .knex('messages')
          .where({ id: turnId, turn_status: 'running', turn_prompt_id: null })
          .update({ turn_status: 'pending' })
        return Number(changed) > 0
      },
    }),
  },
  {
    name: 'tells one end of a turn that was put back and ended again',
    isSeen: 'in order',
    breakStore: ({ store, silent, rows }) => ({
      async settle(...args) {
        const told: unknown[] = await rows.knex('turnstead_outbox').where({ type: 'turn.ended' })
        return await (told.length > 0 ? silent : store).settle(...args)
      },
    }),
  },
  {
    name: 'tells no one of a cancel',
    isSeen: 'in order',
    breakStore: ({ silent }) => ({ cancel: silent.cancel }),
  },
  {
    name: 'takes what it is told to tell for told',
    isSeen: 'in order',
    breakOutbox: (outbox) => ({
      async take(request) {
        const events = await outbox.take(request)
        for (const { id } of events) await outbox.delivered(id)
        return events
      },
    }),
  },
  {
    name: 'looks whether an ask is answered, and answers then',
    isSeen: 'at once',
    breakStore: ({ store, rows, turnId }) => ({
      async answerAsk(request) {
        const before = (await store.read(turnId))?.asks[0]
        const answer = await store.answerAsk(request)
        if (before?.state !== 'open' || answer.accepted || answer.reason !== 'answered')
          return answer
        await rows.knex('messages').where({ id: turnId }).increment('turn_revision')
        return { accepted: true, ask: before, isParked: false }
      },
    }),
  },
  {
    name: 'looks whether a turn is over, and cancels then',
    isSeen: 'at once',
    breakStore: ({ store, rows, turnId }) => ({
      async cancel(request) {
        const status = (await store.read(turnId))?.status
        if (status !== 'pending' && status !== 'running') return false
        await rows.knex('messages').where({ id: turnId }).update({ turn_status: 'running' })
        return await store.cancel(request)
      },
    }),
  },
]
