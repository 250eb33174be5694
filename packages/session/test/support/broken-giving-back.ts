import type { BrokenStore } from './broken-store.js'

const asItWas =
  'a turn that was asked nothing is given back as it was, once the lease is released for any worker'
const onlyUnasked = 'only what was asked nothing is given back, and only under the newest lease'
const inLine = 'a turn that is given back has its place in the line, and may be withdrawn'

/** Stores that give turns back wrongly. */
export const brokenGivingBack: readonly BrokenStore[] = [
  {
    defect: 'leaves a turn running that is given back',
    caughtBy: [asItWas, inLine],
    breakStore: (store) => ({
      ...store,
      giveBack: async (lease) => (await store.read(lease.turnId))?.status === 'running',
    }),
  },
  {
    defect: 'gives back what was asked',
    caughtBy: [onlyUnasked],
    breakStore: (store, knex) => ({
      ...store,
      giveBack: async (lease) => {
        const row = knex('messages').where({ id: lease.turnId, turn_status: 'running' })
        return (await row.update({ turn_status: 'pending' })) > 0
      },
    }),
  },
  {
    defect: 'gives back what another worker has',
    caughtBy: [onlyUnasked],
    breakStore: (store, knex) => ({
      ...store,
      giveBack: async (lease) => {
        const row = knex('messages').where({ id: lease.turnId })
        const { turn_fence: fence } = (await row.clone().first('turn_fence')) as {
          turn_fence: number
        }
        return store.giveBack({ ...lease, fence })
      },
    }),
  },
  {
    defect: 'says no when a turn is given back again',
    caughtBy: [asItWas],
    breakStore: (store) => ({
      ...store,
      giveBack: async (lease) =>
        (await store.read(lease.turnId))?.status === 'running' && (await store.giveBack(lease)),
    }),
  },
  {
    defect: 'puts what is given back at the end of the line',
    caughtBy: [inLine],
    breakStore: (store, knex) => ({
      ...store,
      giveBack: async (lease) => {
        await knex('messages').where({ id: lease.turnId }).update({ turn_queue_position: 1_000 })
        return store.giveBack(lease)
      },
    }),
  },
]
