import { runTurn, type TurnStore } from '../src/index.js'
import type { Lab } from './lab.js'
import { sceneOf } from './scenes.js'
import { onStage } from './stage.js'

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

const atOnce = 4

/** A turn that settled itself must say so, and tell the host. */
export async function runOwnEnd(lab: Lab): Promise<void> {
  const trials = Object.entries(trouble).flatMap(([name, breakStore]) =>
    [150, 600].map((leaseMs) => {
      const where = `${lab.ground.name}: ${name}, lease ${leaseMs} ms`
      return { name: where, attempt: () => endOne(lab, where, { breakStore, leaseMs }) }
    }),
  )
  await lab.run('own end', trials, { atOnce })
}

async function endOne(
  { ground, tally }: Lab,
  where: string,
  how: {
    readonly breakStore: (store: TurnStore) => Partial<TurnStore>
    readonly leaseMs: number
  },
): Promise<void> {
  await onStage(ground, sceneOf('all'), async (stage) => {
    const store = { ...stage.store, ...how.breakStore(stage.store) }
    const timing = { leaseMs: how.leaseMs }
    let told = 0
    tally.tried()
    const result = await runTurn(
      stage.options({ store, timing, onSettled: () => void (told += 1) }),
    )
    if (result.status === 'completed' && told === 1) return
    tally.count('turn.own_end_lost', `${where}: ${result.status}, told ${told} times`)
  })
}
