/**
 * A worker process that is killed while it handles files.
 *
 *   node … '{"scenario":"collect","base":"…","killAt":"store.put"}'    killed at a step
 *   node … '{"scenario":null,"base":"…"}'                              each scenario, stopped for good at each step in turn
 *   node … '{"scenario":null,"base":"…","failWith":"ENOSPC"}'          each scenario, each change to the disk in turn fails
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { createDiskStore } from '@turnstead/artifacts/disk'
import { createMemoryCatalog } from '@turnstead/artifacts/memory'
import { createArtifactCatalog } from '../../../src/catalog.js'
import { createLibsqlKnex } from '../../../src/libsql.js'
import { assertCoded, scenarios, verifySwept, type Scenario, type World } from './scenarios.js'
import { inSteps, stepThroughFiles, stepThroughPort, type OnStep } from './stepping.js'

export interface CrashTask {
  /** One to be killed in; null for all of them. */
  readonly scenario: string | null
  readonly base: string
  /** The step of one that is killed. */
  readonly killAt?: string
  /** What the system says. */
  readonly failWith?: string
}

/** How often a run ended at which step. */
export type Ends = Readonly<Record<string, number>>

const { scenario: name, base, killAt, failWith } = JSON.parse(process.argv[2] ?? '{}') as CrashTask
await stepThroughFiles()
if (name === null) {
  const outcomes: Record<string, Ends | string> = {}
  for (const [each, scenario] of Object.entries(scenarios)) {
    outcomes[each] = await endEverywhere(scenario).catch((error: unknown) => inspect(error))
  }
  process.stdout.write(JSON.stringify(outcomes))
  // The dead have timers, too.
  process.exit()
}
const scenario = scenarios[name]
if (scenario === undefined || killAt === undefined) throw new Error(`Nothing to kill in ${name}.`)
await runUntilKilled(scenario, killAt)

async function runUntilKilled(scenario: Scenario, step: string): Promise<void> {
  const knex = createLibsqlKnex({ filename: join(base, 'catalog.db') })
  const world = {
    base,
    store: stepThroughPort('store', createDiskStore({ root: join(base, 'store') })),
    catalog: stepThroughPort('catalog', createArtifactCatalog({ knex })),
  }
  const kill = async (at: string): Promise<void> => {
    if (at === step) process.kill(process.pid, 'SIGKILL')
  }
  await inSteps(kill, () => scenario.run(world))
  await knex.destroy()
}

/** At each step in turn: either nothing of the run moves any more, as if its process was gone, or the step fails. */
async function endEverywhere(scenario: Scenario): Promise<Ends> {
  const ends: Record<string, number> = {}
  for (let last = 1; ; last += 1) {
    const own = await mkdtemp(join(base, 'end-'))
    let now = Date.now()
    const store = createDiskStore({ root: join(own, 'store') })
    // What a process remembers dies with it.
    const ownStore = createDiskStore({ root: join(own, 'store') })
    const catalog = createMemoryCatalog({ clock: { now: () => now } })
    const world: World = { base: own, store, catalog }
    await scenario.prepare(world)
    const stepping = {
      ...{ base: own },
      store: failWith === undefined ? stepThroughPort('store', ownStore) : ownStore,
      catalog: failWith === undefined ? stepThroughPort('catalog', catalog) : catalog,
    }
    let count = 0
    let stopped = (): void => {}
    const dead = new Promise<'dead'>((resolve) => (stopped = () => resolve('dead')))
    const onStep: OnStep = async (at) => {
      count += 1
      if (count === last) ends[at] = (ends[at] ?? 0) + 1
      if (failWith !== undefined && count === last) {
        throw Object.assign(new Error(`${failWith}: ${at}`), { code: failWith })
      }
      if (failWith !== undefined || count < last) return
      stopped()
      await new Promise(() => {})
    }
    const running = inSteps(onStep, () => scenario.run(stepping))
    try {
      await Promise.race([failWith === undefined ? running : running.catch(assertCoded), dead])
      await scenario.verifyNothingHalf(world)
      await scenario.run(world)
      await scenario.verifyDone(world)
      now += 3 * 86_400_000
      const removeStale = async (): Promise<number> => store.removeStale({ olderThanMs: 0 })
      await verifySwept(world, { removeStale, later: catalog })
    } catch (cause) {
      throw new Error(`Ended at step ${last}: ${Object.keys(ends).join(', ')}`, { cause })
    }
    await rm(own, { recursive: true, force: true })
    if (count < last) return ends
  }
}
