import { runTurn, type TurnOptions, type TurnStore } from '../src/index.js'
import type { Lab } from './lab.js'
import { sceneOf } from './scenes.js'
import { soon } from './soon.js'
import { onStage } from './stage.js'

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

interface Case {
  readonly name: string
  readonly hanging?: keyof TurnStore
  readonly isCancelled?: boolean
  readonly more?: Partial<TurnOptions>
}

const cases: readonly Case[] = [
  ...verbs.flatMap((hanging) => [
    { name: `store.${hanging} never answers`, hanging },
    {
      name: `store.${hanging} never answers, and the turn is cancelled`,
      hanging,
      isCancelled: true,
    },
  ]),
  ...Object.entries(callbacks).map(([name, more]) => ({ name: `${name} never answers`, more })),
]

const atOnce = 6

/** A port of the host's that never answers, while every other one does. */
export async function runPorts(lab: Lab): Promise<void> {
  const trials = lab.choose(cases, { first: Infinity, later: 0 }).map((each) => {
    const name = `${lab.ground.name}: ${each.name}`
    return { name, attempt: () => runOne(lab, name, each) }
  })
  await lab.run('ports', trials, { atOnce })
}

async function runOne({ ground, tally }: Lab, where: string, how: Case): Promise<void> {
  tally.tried()
  await onStage(ground, sceneOf('all'), async (stage) => {
    const store: TurnStore = { ...stage.store }
    if (how.hanging !== undefined) Object.assign(store, { [how.hanging]: never })
    const running = runTurn(stage.options({ store, budgets, ...how.more })).then(
      () => 'ended',
      () => 'ended',
    )
    if (how.isCancelled === true) await stage.store.cancel({ turnId: stage.turnId })
    if ((await soon(running, limitMs)) === 'late') tally.count('turn.ports_without_limit', where)
  })
}
