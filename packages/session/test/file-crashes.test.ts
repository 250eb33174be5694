import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiskStore } from '@turnstead/artifacts/disk'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'

import { artifactMigration, createArtifactCatalog } from '../src/catalog.js'
import { createLibsqlKnex } from '../src/libsql.js'
import { runAll, runChild } from './support/crash/child.js'
import { scenarios, verifySwept, type World } from './support/crash/scenarios.js'

/** Where a process is really killed, with rows on SQLite; all other steps are stopped at in one process. */
const killed: Readonly<Record<string, readonly string[]>> = {
  collect: ['file.write', 'store.put done', 'catalog.record done'],
  upload: ['fs.link', 'catalog.record'],
  place: ['file.writeFile', 'fs.unlink'],
  backup: ['file.sync', 'store.remove'],
  restore: ['file.chmod', 'fs.unlink'],
}

describe('a process that is killed while it handles files', function () {
  this.timeout(60_000)
  let base: string
  let endsOf: ReturnType<typeof runAll>

  before(async () => {
    // Hundreds of runs, each with many writes that wait for the disk: in memory, where there is such a disk.
    const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
    base = await mkdtemp(join(place, 'turnstead-crash-'))
    endsOf = runAll({ base })
  })
  after(() => rm(base, { recursive: true, force: true }))

  for (const [name, scenario] of Object.entries(scenarios)) {
    it(`leaves nothing half-visible and no orphan of ${name} by SIGKILL, and a retry completes`, async () => {
      const tries = (killed[name] ?? []).map(async (killAt) => {
        const own = await mkdtemp(join(base, 'kill-'))
        const knex = createLibsqlKnex({ filename: join(own, 'catalog.db') })
        try {
          await artifactMigration().up(knex)
          const store = createDiskStore({ root: join(own, 'store') })
          const world: World = { base: own, store, catalog: createArtifactCatalog({ knex }) }
          await scenario.prepare(world)
          const end = await runChild({ scenario: name, base: own, killAt }).catch(
            (error: unknown) => error,
          )
          expect(end, killAt).to.include({ signal: 'SIGKILL' })
          await scenario.verifyNothingHalf(world)
          await scenario.run(world)
          await scenario.verifyDone(world)
          const now = (): number => Date.now() + 3 * 86_400_000
          const clock = { now, sleep: async () => undefined }
          await verifySwept(world, {
            removeStale: () => store.removeStale({ olderThanMs: 0 }),
            later: createArtifactCatalog({ knex, clock }),
          })
        } finally {
          await knex.destroy()
        }
      })
      await Promise.all(tries)
    })
  }

  for (const name of Object.keys(scenarios)) {
    it(`the same for ${name} at every step`, async () => {
      const stops = await endsOf(name)
      for (const step of killed[name] ?? []) expect(stops).to.have.property(step)
      expect(Object.values(stops).reduce((sum, count) => sum + count, 0)).to.be.greaterThan(8)
    })
  }
})
