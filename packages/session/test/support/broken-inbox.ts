import type { BrokenStore } from './broken-store.js'

const inOrder =
  'a turn of the line is claimed when it is the first of it, by any worker, and says who is'
const raced =
  'of any number of workers and jobs at once one at a time runs, and always the first in the line'
const withdrawn = 'a message is withdrawn until it is taken, and the answer says what became of it'
const told = 'a message to the running turn is told to it, and taken once, with its prompt'
const onlyWaiting =
  'only a waiting message to the running turn is taken, and under the newest lease'
const left =
  'a message that was taken for a turn whose worker is gone is left to the next claim, as that turn is'

/** Stores that keep a line wrongly. */
export const brokenInbox: readonly BrokenStore[] = [
  {
    defect: 'claims whoever asks, whatever the line says',
    caughtBy: [inOrder, raced],
    breakStore: (store, knex) => ({
      ...store,
      claim: async (request) => {
        const row = knex('messages').where({ id: request.turnId })
        await row.update({ turn_queue_position: 0 })
        return store.claim(request)
      },
    }),
  },
  {
    defect: 'gives a message a new place each time',
    caughtBy: [
      'a message is put in the line once, with what it asks, and keeps its place when it is put there again',
    ],
    breakStore: (store, knex) => ({
      ...store,
      enqueue: async (request) => {
        await knex('messages').where({ id: request.turnId }).update({ turn_queue_position: 0 })
        return store.enqueue(request)
      },
    }),
  },
  {
    defect: 'puts messages in the line that no one could run',
    caughtBy: [
      'a message without anything to ask, of another conversation, taken or over is not put in the line',
    ],
    breakStore: (store) => ({
      ...store,
      enqueue: async (request) =>
        store.enqueue({ ...request, input: request.input ?? { text: 'Anything.' } }),
    }),
  },
  {
    defect: 'keeps what a message asked first',
    caughtBy: ['what a message asks can be put right until a worker takes it'],
    breakStore: (store) => ({
      ...store,
      enqueue: async ({ input, ...request }) => {
        const isNew = (await store.read(request.turnId))?.input === null
        return store.enqueue({ ...request, ...(isNew ? { input } : {}) })
      },
    }),
  },
  {
    defect: 'puts right what a worker has taken',
    caughtBy: ['what a message asks can be put right until a worker takes it'],
    breakStore: (store, knex) => ({
      ...store,
      enqueue: async (request) => {
        const result = await store.enqueue(request)
        const row = knex('messages').where({ id: request.turnId })
        await row.update({ turn_input: JSON.stringify(request.input ?? null) })
        return result
      },
    }),
  },
  {
    defect: 'takes what asks nothing',
    caughtBy: ['what asks nothing, or has a name that is none, is not put in the line'],
    breakStore: (store) => ({
      ...store,
      enqueue: async (request) =>
        store.enqueue({ ...request, input: { text: JSON.stringify(request.input) } }),
    }),
  },
  {
    defect: 'withdraws what a worker has',
    caughtBy: [withdrawn],
    breakStore: (store) => ({
      ...store,
      withdraw: async (turnId) => {
        const result = await store.withdraw(turnId)
        if (result !== 'taken') return result
        await store.cancel({ turnId, reason: 'withdrawn' })
        return 'withdrawn'
      },
    }),
  },
  {
    defect: 'says that it withdrew what someone had cancelled',
    caughtBy: [withdrawn],
    breakStore: (store) => ({
      ...store,
      withdraw: async (turnId) => {
        const { status } = (await store.read(turnId)) ?? {}
        return status === 'cancelled' ? 'withdrawn' : await store.withdraw(turnId)
      },
    }),
  },
  {
    defect: 'tells no running turn of a message',
    caughtBy: [told],
    breakStore: (store) => ({
      ...store,
      enqueue: async (request) => {
        const result = await store.enqueue({ ...request, delivery: 'queue' })
        const { delivery = 'queue' } = request
        return result.accepted ? { ...result, delivery } : result
      },
    }),
  },
  {
    defect: 'takes a message without its prompt',
    caughtBy: [told, left],
    breakStore: (store, knex) => ({
      ...store,
      takeSteer: async (lease, turnId, prompt) => {
        const isTaken = await store.takeSteer(lease, turnId, prompt)
        await knex('messages').where({ id: turnId }).update({ turn_prompt_id: null })
        return isTaken
      },
    }),
  },
  {
    defect: 'takes a message under a lease that was lost',
    caughtBy: [left, onlyWaiting],
    breakStore: (store, knex) => ({
      ...store,
      takeSteer: async (lease, turnId, prompt) => {
        if (await store.takeSteer(lease, turnId, prompt)) return true
        const row = knex('messages').where({ id: turnId, turn_delivery: 'steer' })
        return (await row.update({ turn_status: 'running', turn_fence: lease.fence })) > 0
      },
    }),
  },
  {
    defect: 'takes a message as it was read, though it was put right since',
    caughtBy: ['a message that was put right since it was read is not taken as it was read'],
    breakStore: (store) => ({
      ...store,
      takeSteer: (lease, turnId, prompt) => store.takeSteer(lease, turnId, prompt),
    }),
  },
  {
    defect: 'takes what is only queued',
    caughtBy: [onlyWaiting],
    breakStore: (store, knex) => ({
      ...store,
      takeSteer: async (lease, turnId, prompt) => {
        await knex('messages').where({ id: turnId }).update({ turn_delivery: 'steer' })
        return store.takeSteer(lease, turnId, prompt)
      },
    }),
  },
  {
    defect: 'lets a turn wait that is in no line',
    caughtBy: ['a turn that was never put in the line waits for no one, and no one waits for it'],
    breakStore: (store, knex) => ({
      ...store,
      claim: async (request) => {
        const row = knex('messages').where({ id: request.turnId, turn_queue_position: 0 })
        await row.update({ turn_queue_position: 1_000 })
        return store.claim(request)
      },
    }),
  },
  {
    defect: 'forgets a message that came after the end of a turn',
    caughtBy: ['a message to a turn that is over waits in the line like any other'],
    breakStore: (store) => ({
      ...store,
      enqueue: async (request) => {
        const result = await store.enqueue(request)
        const isLate = result.accepted && result.delivery === 'steer' && result.steers.length === 0
        if (isLate) await store.withdraw(request.turnId)
        return result
      },
    }),
  },
]
