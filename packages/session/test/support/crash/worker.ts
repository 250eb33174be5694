/**
 * A worker process that is killed while it handles files.
 *
 *   node … worker.ts '{"scenario":"collect","base":"…","killAt":"store.put"}'    killed at a step
 *   node … worker.ts '{"scenario":"collect","base":"…","killAt":null}'           stopped for good at each step in turn
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { createDiskStore } from '@turnstead/artifacts/disk'
import { createMemoryCatalog } from '@turnstead/artifacts/memory'
import { createArtifactCatalog } from '../../../src/catalog.js'
import { createLibsqlKnex } from '../../../src/libsql.js'
import { scenarios, verifySwept, type Scenario, type World } from './scenarios.js'
import { inSteps, stepThroughFiles, stepThroughPort, type OnStep } from './stepping.js'

export interface CrashTask {
  readonly scenario: string
  readonly base: string
  /** The step; null for all of them. */
  readonly killAt: string | null
}

const { scenario: name, base, killAt } = JSON.parse(process.argv[2] ?? '{}') as CrashTask
const scenario = scenarios[name]
if (scenario === undefined) throw new Error(`There is no scenario ${name}.`)
await stepThroughFiles()
if (killAt === null) {
  process.stdout.write(JSON.stringify(await stopEverywhere(scenario)))
  // The dead have timers, too.
  process.exit()
}
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

/** After the last step of a dead run nothing of it moves any more, as if its process was gone. */
async function stopEverywhere(scenario: Scenario): Promise<Record<string, number>> {
  const stops: Record<string, number> = {}
  for (let last = 1; ; last += 1) {
    const own = await mkdtemp(join(base, 'stop-'))
    let now = Date.now()
    const store = createDiskStore({ root: join(own, 'store') })
    const catalog = createMemoryCatalog({ clock: { now: () => now } })
    const world: World = { base: own, store, catalog }
    await scenario.prepare(world)
    const stepping = {
      ...{ base: own },
      store: stepThroughPort('store', store),
      catalog: stepThroughPort('catalog', catalog),
    }
    let count = 0
    let stopped = (): void => {}
    const dead = new Promise<'dead'>((resolve) => (stopped = () => resolve('dead')))
    const stop: OnStep = async (at) => {
      count += 1
      if (count < last) return
      if (count === last) stops[at] = (stops[at] ?? 0) + 1
      stopped()
      await new Promise(() => {})
    }
    const outcome = await Promise.race([inSteps(stop, () => scenario.run(stepping)), dead])
    try {
      await scenario.verifyNothingHalf(world)
      await scenario.run(world)
      await scenario.verifyDone(world)
      now += 3 * 86_400_000
      const removeStale = async (): Promise<number> => store.removeStale({ olderThanMs: 0 })
      await verifySwept(world, { removeStale, later: catalog })
    } catch (cause) {
      throw new Error(`Stopped at step ${last}: ${Object.keys(stops).join(', ')}`, { cause })
    }
    await rm(own, { recursive: true, force: true })
    if (outcome !== 'dead') return stops
  }
}
