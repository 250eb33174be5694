import { runTurn, type TurnStore } from '../src/index.js'
import type { Tally } from './figures.js'
import { type Ground, openStage } from './stage.js'

/** A renewal, or a lost answer, between the commit of the terminal write and what the worker hears of it. */
const trouble: Readonly<Record<string, (store: TurnStore) => Partial<TurnStore>>> = {
  'a renewal comes between': (store) => {
    let renewed: () => void = () => undefined
    const nextRenewal = (): Promise<void> => new Promise((resolve) => (renewed = resolve))
    return {
      async renew(...args) {
        const answer = await store.renew(...args)
        renewed()
        return answer
      },
      async settle(...args) {
        const isSettled = await store.settle(...args)
        await nextRenewal()
        return isSettled
      },
    }
  },
  'the answer is lost': (store) => {
    let isFirst = true
    return {
      async settle(...args) {
        const isSettled = await store.settle(...args)
        if (!isFirst) return isSettled
        isFirst = false
        throw Object.assign(new Error('connection reset'), { retryable: true })
      },
    }
  },
}

/** A turn that settled itself must say so, and tell the host. */
export async function runOwnEnd(ground: Ground, tally: Tally): Promise<void> {
  for (const [name, breakStore] of Object.entries(trouble)) {
    for (const leaseMs of [150, 600]) {
      const stage = await openStage(ground)
      const store = { ...stage.store, ...breakStore(stage.store) }
      let told = 0
      tally.tried()
      const result = await runTurn(
        stage.options({ store, timing: { leaseMs }, onSettled: () => void (told += 1) }),
      )
      if (result.status !== 'completed' || told !== 1) {
        tally.count(
          'turn.own_end_lost',
          `${ground.name}: ${name}, lease ${leaseMs} ms: ${result.status}, told ${told} times`,
        )
      }
      await stage.close()
    }
  }
}
