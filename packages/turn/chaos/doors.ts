import type { Notifier, TurnStore } from '../src/index.js'
import { followTurn } from '../src/live.js'
import { createOutboxStore } from '@turnstead/session/outbox'
import { createOutbox, type OutboxStore } from '../src/outbox.js'
import type { Tally } from './figures.js'
import type { Lab } from './lab.js'
import { watchTurn } from './processes/watched-turn.js'
import { policyAlone, sceneOf } from './scenes.js'
import { soon } from './soon.js'
import { onStage, runAsJob, type Stage } from './stage.js'
import { verdictOf } from './verdict.js'

/** How a call of a port goes wrong, the first or every time. */
type Trouble = 'fails' | 'hangs' | 'comes late'

const troubles: readonly Trouble[] = ['fails', 'hangs', 'comes late']
const lateMs = 300

const verbs: readonly (keyof TurnStore)[] = [
  'claim',
  'adopt',
  'renew',
  'renewAll',
  'recordPrompt',
  'snapshot',
  'settle',
  'closeTurn',
  'release',
  'updateAsks',
  'noteSession',
  'read',
  'peek',
]
/** Without these a turn, and who follows it, must get on for good. */
const spare: ReadonlySet<string> = new Set(['snapshot', 'closeTurn', 'release', 'noteSession'])
const outboxVerbs: readonly (keyof OutboxStore)[] = ['take', 'delivered', 'failed']

/** A call that goes wrong so many times and then works. */
function troubled<Call extends (...args: never[]) => Promise<unknown>>(
  call: Call,
  trouble: Trouble,
  times: number,
): Call {
  let left = times
  const broken = async (...args: Parameters<Call>): Promise<unknown> => {
    left -= 1
    if (left < 0) return await call(...args)
    if (trouble === 'hangs') return await new Promise<never>(() => undefined)
    if (trouble === 'fails') throw Object.assign(new Error('it fails'), { retryable: true })
    await new Promise((resolve) => setTimeout(resolve, lateMs))
    return await call(...args)
  }
  return broken as Call
}

interface Case {
  readonly name: string
  readonly store?: (store: TurnStore) => Partial<TurnStore>
  readonly notifier?: (notifier: Notifier) => Notifier
}

function storeCases(): Case[] {
  return verbs.flatMap((verb) =>
    troubles.flatMap((trouble) =>
      (spare.has(verb) ? [1, Infinity] : [1]).map((times) => ({
        name: `store.${verb} ${trouble} ${times === 1 ? 'once' : 'always'}`,
        store: (store: TurnStore) => {
          const call = store[verb] as (...args: never[]) => Promise<unknown>
          return { [verb]: troubled(call.bind(store), trouble, times) }
        },
      })),
    ),
  )
}

const throwing = (): never => {
  throw new Error('it throws')
}

const others: readonly Case[] = [
  { name: 'store.watch throws', store: () => ({ watch: throwing }) },
  { name: 'store.watch wakes no one', store: () => ({ watch: () => () => undefined }) },
  { name: 'the end of store.watch throws', store: () => ({ watch: () => throwing }) },
  ...(['notify', 'listen'] as const).flatMap((verb) =>
    troubles.flatMap((trouble) =>
      [1, Infinity].map((times) => ({
        name: `notifier.${verb} ${trouble} ${times === 1 ? 'once' : 'always'}`,
        notifier: (notifier: Notifier) => ({
          ...bound(notifier),
          [verb]: troubled(bound(notifier)[verb] as never, trouble, times),
        }),
      })),
    ),
  ),
  {
    name: 'notifier.notify throws at once',
    notifier: (notifier) => ({ ...bound(notifier), notify: throwing }),
  },
  {
    name: 'notifier.listen throws at once',
    notifier: (notifier) => ({ ...bound(notifier), listen: throwing }),
  },
  {
    name: 'the notifier loses each second message',
    notifier: (notifier) => {
      let count = 0
      const notify: Notifier['notify'] = async (...args) => {
        count += 1
        if (count % 2 === 0) await notifier.notify(...args)
      }
      return { ...bound(notifier), notify }
    },
  },
]

function bound(notifier: Notifier): Notifier {
  const { maxPayloadBytes } = notifier
  return {
    notify: (...args) => notifier.notify(...args),
    listen: (...args) => notifier.listen(...args),
    ...(maxPayloadBytes === undefined ? {} : { maxPayloadBytes }),
  }
}

const budgets = { requestMs: 300, unreachableMs: 4_000, stopMs: 500 }
const atOnce = 6

/** The store's and the notifier's calls that fail, hang or come late: the turn and those who follow it come to their end. */
export async function runDoors(lab: Lab): Promise<void> {
  const { ground, tally, choose } = lab
  const share = { first: 24, later: 8 }
  const trials = choose([...storeCases(), ...others], share).map((each) => ({
    name: `${ground.name}: ${each.name}`,
    attempt: () => onStage(ground, sceneOf('asks'), (stage) => runBroken(stage, tally, each)),
  }))
  const tellings = outboxVerbs.flatMap((verb) => troubles.map((trouble) => ({ verb, trouble })))
  const tells = choose(tellings, share).map(({ verb, trouble }) => ({
    name: `${ground.name}: outbox.${verb} ${trouble} once`,
    attempt: () =>
      onStage(ground, sceneOf('text'), (stage) => tellBroken(stage, tally, verb, trouble)),
  }))
  await lab.run('doors', [...trials, ...tells], { atOnce })
}

async function runBroken(stage: Stage, tally: Tally, broken: Case): Promise<void> {
  const where = `${stage.ground.name}: ${broken.name}`
  const whole = stage.anotherStore()
  const store: TurnStore = { ...whole, ...broken.store?.(whole) }
  const base = stage.ground.notifier
  const notifier = base === null ? null : (broken.notifier?.(base) ?? base)
  const more = notifier === null ? {} : { notifier }
  const options = { ...more, store, budgets, asks: policyAlone }
  const following = followElsewhere(
    stage,
    { ...stage.anotherStore(), ...broken.store?.(whole) },
    more,
  )
  const ended = await soon(
    runAsJob(stage, options).catch(() => runAsJob(stage, { asks: policyAlone })),
  )
  if (ended === 'late') tally.count('turn.faults.wrong_outcomes', `${where}: the turn does not end`)
  else tally.add(where, await verdictOf(stage, ended, stage.scene.allowed))
  const seen = await soon(following)
  const words = seen === 'late' ? ['those who follow do not see the end'] : seen
  for (const each of words) tally.count('turn.faults.wrong_outcomes', `${where}: ${each}`)
}

async function followElsewhere(
  { turnId }: Stage,
  store: TurnStore,
  more: { readonly notifier?: Notifier },
): Promise<string[]> {
  for (let tries = 1; ; tries += 1) {
    const reading = followTurn({ ...more, store, turnId, pollMs: 100 }).catch(() => null)
    const turn = await soon(reading, 12_000)
    if (turn !== null && turn !== 'late') return await watchTurn(turn, { mayTakeBack: false })
    if (tries === 2) return ['it cannot be followed']
  }
}

/** An outbox whose rows are in trouble once: each event comes at least once. */
async function tellBroken(
  stage: Stage,
  tally: Tally,
  verb: keyof OutboxStore,
  trouble: Trouble,
): Promise<void> {
  const { ground, place } = stage
  const rows = createOutboxStore({ knex: ground.database.knex, table: place.outbox })
  const call = rows[verb] as (...args: never[]) => Promise<unknown>
  const store = { ...rows, [verb]: troubled(call, trouble, 1) } as OutboxStore
  let isRefused = false
  let isTold: (told: string) => void = () => undefined
  const told = new Promise<string>((resolve) => (isTold = resolve))
  const outbox = createOutbox({
    store,
    deliver({ status }) {
      const isFirst = verb === 'failed' && !isRefused
      isRefused = true
      if (isFirst) throw new Error('not now')
      isTold(String(status))
    },
    pollMs: 20,
    timeoutMs: 200,
    retries: { firstDelayMs: 50 },
  })
  await runAsJob(stage)
  const where = `${ground.name}: outbox.${verb} ${trouble} once`
  tally.tried()
  if ((await soon(told, 5_000)) !== 'completed') {
    tally.count('turn.faults.wrong_outcomes', `${where}: no one was told`)
  }
  if ((await soon(outbox.close(), 5_000)) === 'late') {
    tally.count('turn.faults.wrong_outcomes', `${where}: the outbox does not close`)
  }
}
