import { runTurn, type TurnOptions, type TurnStore } from '../src/index.js'
import type { Tally } from './figures.js'
import { type Ground, openStage } from './stage.js'

const never = (): Promise<never> => new Promise(() => undefined)

/** Every budget is small: a turn that is still there after this long has a wait without a limit. */
const limitMs = 15_000
const budgets = {
  askMs: 500,
  firstEventMs: 1_000,
  progressMs: 1_000,
  requestMs: 300,
  stopMs: 500,
  unreachableMs: 1_000,
  wallClockMs: 2_000,
}

const verbs: readonly (keyof TurnStore)[] = [
  'claim',
  'ensureSession',
  'recordPrompt',
  'snapshot',
  'settle',
  'read',
  'keepPartial',
  'renew',
  'renewAll',
  'release',
  'closeTurn',
]

const callbacks: Readonly<Record<string, Partial<TurnOptions>>> = {
  'artifacts.collect': { artifacts: { collect: never } },
  onSettled: { onSettled: never },
  asks: { asks: never },
  onReply: { onReply: never as () => never },
  onError: { onError: never as () => never },
}

/** A port of the host's that never answers, while every other one does. */
export async function runPorts(ground: Ground, tally: Tally): Promise<void> {
  for (const verb of verbs) {
    for (const isCancelled of [false, true]) {
      const where = `${ground.name}: store.${verb} never answers${isCancelled ? ', and the turn is cancelled' : ''}`
      await runOne(ground, tally, where, { hanging: verb, isCancelled })
    }
  }
  for (const [name, more] of Object.entries(callbacks)) {
    await runOne(ground, tally, `${ground.name}: ${name} never answers`, { more })
  }
}

async function runOne(
  ground: Ground,
  tally: Tally,
  where: string,
  how: {
    readonly hanging?: keyof TurnStore
    readonly isCancelled?: boolean
    readonly more?: Partial<TurnOptions>
  },
): Promise<void> {
  tally.tried()
  const stage = await openStage(ground)
  const store: TurnStore = { ...stage.store }
  if (how.hanging !== undefined) Object.assign(store, { [how.hanging]: never })
  const running = runTurn(stage.options({ store, budgets, ...how.more })).then(
    () => 'ended',
    () => 'ended',
  )
  if (how.isCancelled === true) await stage.store.cancel({ turnId: stage.turnId })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('still there'), limitMs)
  })
  const end = await Promise.race([running, late])
  clearTimeout(timer)
  if (end !== 'ended') tally.count('turn.ports_without_limit', where)
  await stage.close()
}
