import type { BrokenStore } from './broken-store.js'

/** Stores that keep a turn that waits, and those behind it, wrongly. */
export const brokenParking: readonly BrokenStore[] = [
  {
    defect: 'lets the line begin beside a turn that waits',
    caughtBy: [
      'a message in the line of a conversation whose turn waits is not claimed, and says which one is to be run first',
      'of a park and claims of the line at once, no message begins beside the turn that waits',
    ],
    breakStore: (store, knex) => ({
      ...store,
      claim: async (request) => {
        const waits = { conversation_id: request.conversationId, turn_status: 'waiting' }
        const rows = await knex('messages').where(waits).select('id')
        const ids = rows.map(({ id }) => id).filter((id) => id !== request.turnId)
        await knex('messages').whereIn('id', ids).update({ turn_due_at: 1 })
        const result = await store.claim(request)
        await knex('messages').whereIn('id', ids).update({ turn_due_at: null })
        return result
      },
    }),
  },
  {
    defect: 'says of the line only that it is busy',
    caughtBy: [
      'a message in the line of a conversation whose turn waits is not claimed, and says which one is to be run first',
    ],
    breakStore: (store) => ({
      ...store,
      claim: async (request) => {
        const result = await store.claim(request)
        if (result.claimed || result.reason !== 'queued') return result
        const { first: _, ...refusal } = result
        return { ...refusal, reason: 'busy' }
      },
    }),
  },
  {
    defect: 'takes a turn that waits for one that is over',
    caughtBy: [
      'a turn that waits for a person is taken: it is neither withdrawn nor put in the line',
    ],
    breakStore: (store) => ({
      ...store,
      withdraw: async (turnId) => {
        const turn = await store.read(turnId)
        return turn?.status === 'waiting' ? 'settled' : store.withdraw(turnId)
      },
    }),
  },
]
