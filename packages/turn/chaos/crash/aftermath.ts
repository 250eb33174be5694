import { createOutboxStore } from '@turnstead/session/outbox'
import type { TurnRecord } from '@turnstead/session'
import { resumeTurns, type TurnOptions, type TurnStore } from '../../src/index.js'
import { createOutbox, type OutboxEvent } from '../../src/outbox.js'
import type { Hand } from '../processes/crew.js'
import type { Tally } from '../figures.js'
import { person, policyOf } from '../scenes.js'
import { soon } from '../soon.js'
import type { Stage } from '../stage.js'
import type { Allowed } from '../scenes.js'
import { askedTwice, lookAt, stillAtWork, wrongInRow } from '../verdict.js'
import type { WebReport, WebTask } from '../processes/web.js'

const patienceMs = 20_000
const pauseMs = 60
/** Of the workers' processes. */
export const leaseMs = 500

/** What was going on, and what it may have come to. */
export interface Aftermath {
  readonly where: string
  /** Whoever ran the turn first. */
  readonly running: Promise<unknown>
  /** It did not end, and was ended. */
  readonly isLate?: boolean
  readonly watching: Promise<WebReport | null>
  readonly allowed: Allowed
  /** Runs that the server lost. */
  readonly moreRuns?: number
  readonly more?: Partial<Pick<TurnOptions, 'recovery' | 'budgets'>>
}

/** Lets people watch the turn in another process. */
export function watchElsewhere(
  stage: Stage,
  web: Hand<WebTask, WebReport>,
  { mayTakeBack = false, ...address }: Partial<WebTask> = {},
): Promise<WebReport | null> {
  const { ground, place, scene, turnId } = stage
  return web.run({
    ...ground.address,
    place,
    scene: scene.name,
    turnId,
    mayTakeBack,
    ...address,
  })
}

/** Resumes until nothing is left, lets the outbox tell, waits for those who watch, and compares all of them. */
export async function judge(stage: Stage, tally: Tally, after: Aftermath): Promise<void> {
  const { where } = after
  const isEnded = (await soon(after.running, 2 * patienceMs)) !== 'late'
  const isFinished = await resumeUntilDone(stage, after.more)
  const told = await deliverAll(stage)
  const report = await soon(after.watching)
  const seen = await lookAt(stage)
  const { turn } = seen
  const wrong = (figure: Parameters<Tally['count']>[0], words: readonly string[]): void => {
    for (const each of words) {
      tally.count(figure, `${where}: ${each}${reportsOf(stage)}`)
    }
  }
  wrong('turn.crash.lost', wrongInRow(stage, turn, after.allowed, after.moreRuns))
  wrong('turn.crash.untold', untold(told, turn))
  wrong('turn.crash.double_prompts', [
    ...askedTwice(stage, seen, after.moreRuns),
    ...answeredTwice(stage),
  ])
  wrong('turn.crash.stuck', [
    ...(isEnded && after.isLate !== true ? [] : ['the worker does not end']),
    ...(seen.isOpen ? [`the row is ${turn?.status}`] : []),
    ...(!seen.isOpen && turn?.closedAt === null ? ['the row is not closed'] : []),
    ...(isFinished ? [] : ['a sweep finds it again and again']),
    ...(seen.isOpen ? [] : stillAtWork(seen)),
    ...(await heldLease(stage)),
  ])
  wrong(
    'turn.crash.follower_mismatches',
    report === 'late' ? ['those who watch do not see the end'] : (report?.wrong ?? []),
  )
}

function reportsOf({ reports }: Stage): string {
  return process.env['CHAOS_REPORTS'] === undefined ? '' : `\n    ${reports.join('\n    ')}`
}

/** As a host's cron does, with turns that are taken up as soon as they may be. */
export async function resumeUntilDone(stage: Stage, more?: Aftermath['more']): Promise<boolean> {
  const deadline = performance.now() + patienceMs * stage.slowness
  const rows = stage.anotherStore()
  const store: TurnStore = {
    ...rows,
    sweep: (request) => rows.sweep({ ...request, pendingOlderThanMs: 1, unclosedOlderThanMs: 1 }),
  }
  for (let quiet = 0; quiet < 2;) {
    if (performance.now() > deadline) return false
    try {
      quiet = (await resumeOnce(stage, store, more)) ? quiet + 1 : 0
    } catch (error) {
      // As cron does: the next time.
      stage.reports.push(`resume: ${String(error)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return true
}

/** Whether there was nothing left to do. */
async function resumeOnce(
  stage: Stage,
  store: TurnStore,
  more: Aftermath['more'],
): Promise<boolean> {
  const { client, notifier, timing, budgets } = stage.options()
  const { left, pending, settled, hasMore } = await resumeTurns({
    client,
    store,
    owner: 'the next worker',
    asks: policyOf(stage.scene),
    ...(notifier === undefined ? {} : { notifier }),
    timing: timing ?? {},
    budgets: budgets ?? {},
    onError: (error, { step }) => stage.reports.push(`${step}: ${String(error)}`),
    prompt: () => stage.prompt,
    ...more,
  })
  const { status, closedAt } = (await stage.store.read(stage.turnId)) ?? {}
  const isOver = status !== 'pending' && status !== 'running'
  const isDone = isOver && (closedAt !== null || (await wasNeverAsked(stage)))
  return isDone && left.length + pending.length + settled.length === 0 && !hasMore
}

/** Of a turn that was cancelled before it began there is nothing to close. */
async function wasNeverAsked({ store, turnId }: Stage): Promise<boolean> {
  return (await store.read(turnId))?.prompt === null
}

async function deliverAll({ ground, place, slowness }: Stage): Promise<readonly OutboxEvent[]> {
  const events: OutboxEvent[] = []
  const store = createOutboxStore({ knex: ground.database.knex, table: place.outbox })
  await using _ = createOutbox({
    store,
    deliver: (event) => void events.push(event),
    pollMs: 20,
    timeoutMs: 1_000,
  })
  const deadline = performance.now() + patienceMs * slowness
  while ((await store.count()).pending > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return events
}

/** Its end, as the row has it, and each ask that a person was needed for. */
function untold(events: readonly OutboxEvent[], turn: TurnRecord | null): string[] {
  const status = turn?.status ?? 'missing'
  const ends = events.filter(({ type }) => type === 'turn.ended')
  const other = ends.filter((event) => event.status !== status)
  const asked = new Set(events.map(({ askId }) => askId))
  const byPerson = turn?.asks?.filter(({ answeredBy }) => answeredBy === person) ?? []
  const unasked = byPerson.filter(({ id }) => !asked.has(id))
  return [
    ...(ends.length === 0 ? ['no one was told of its end'] : []),
    ...(ends.length > 1 ? [`its end is ${ends.length} events`] : []),
    ...other.map((event) => `someone was told ${event.status} of a turn that is ${status}`),
    ...unasked.map(({ id }) => `no one was told of the ask ${id}`),
  ]
}

function answeredTwice({ upstream }: Stage): string[] {
  const answers = upstream.answers()
  const again = new Set(answers.filter((path, index) => answers.indexOf(path) !== index))
  return [...again].map((path) => `${path} was sent again`)
}

/** A worker that died holds its conversation until its lease runs out, and no longer. */
async function heldLease({ ground, place, slowness }: Stage): Promise<string[]> {
  const deadline = performance.now() + 4 * leaseMs * slowness
  for (;;) {
    const [row] = (await ground.database.knex(place.conversations).select('*')) as Record<
      string,
      unknown
    >[]
    const expires = Number(row?.['turn_expires_at'] ?? 0)
    if (row?.['turn_owner'] == null || expires <= Date.now()) return []
    if (performance.now() > deadline) return ['the conversation is held']
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
