import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ArtifactError, type ArtifactCatalog, type ArtifactStore } from '@turnstead/artifacts'
import { createDiskStore } from '@turnstead/artifacts/disk'
import { createMemoryCatalog } from '@turnstead/artifacts/memory'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'

import { runAll } from './support/crash/child.js'
import { assertCoded, scenarios, verifySwept, type World } from './support/crash/scenarios.js'

describe('what is done to files', function () {
  this.timeout(60_000)
  let base: string
  let endsOf: ReturnType<typeof runAll>

  before(async () => {
    const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
    base = await mkdtemp(join(place, 'turnstead-faults-'))
    endsOf = runAll({ base, failWith: 'ENOSPC' })
  })
  after(() => rm(base, { recursive: true, force: true }))

  /** Runs a scenario after a fault, to its end. */
  async function goOn(name: string, world: World, later: () => void): Promise<void> {
    const scenario = scenarios[name] ?? expect.fail(name)
    await scenario.verifyNothingHalf(world)
    await scenario.run(world)
    await scenario.verifyDone(world)
    later()
    const store = createDiskStore({ root: join(world.base, 'store') })
    const removeStale = async (): Promise<number> => store.removeStale({ olderThanMs: 0 })
    await verifySwept(world, { removeStale, later: world.catalog })
  }

  function open(own: string): { readonly world: World; readonly later: () => void } {
    let now = Date.now()
    const catalog = createMemoryCatalog({ clock: { now: () => now } })
    const store = createDiskStore({ root: join(own, 'store') })
    return { world: { base: own, store, catalog }, later: () => (now += 3 * 86_400_000) }
  }

  for (const name of Object.keys(scenarios)) {
    it(`fails with a code on a full disk and leaves nothing half-visible: ${name}`, async function () {
      const own = join(base, `full-${name}`)
      await mkdir(own)
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', own], { stdio: 'ignore' })
      } catch {
        console.warn('SKIPPED, no disk is really full: this user may not mount one of its own.')
        this.skip()
      }
      try {
        const { world, later } = open(own)
        await scenarios[name]?.prepare(world)
        const filler = join(own, 'filler')
        await writeFile(filler, Buffer.alloc(4_000_000)).catch(() => {})
        const failed = await scenarios[name]?.run(world).then(
          () => expect.fail('The disk is not full.'),
          (error: unknown) => error,
        )
        assertCoded(failed)
        await rm(filler)
        await goOn(name, world, later)
      } finally {
        execFileSync('umount', [own])
      }
    })

    // A form has no signal of its own: a limit of time ends it, which the tests of uploads show.
    const kinds = ['once', 'for good', ...(name === 'upload' ? [] : ['silently'])]
    for (const kind of kinds) {
      it(`fails with a code when store or catalog are away ${kind} and leaves nothing half-visible: ${name}, at every call`, async () => {
        for (let at = 1; ; at += 1) {
          const own = await mkdtemp(join(base, 'away-'))
          const { world, later } = open(own)
          await scenarios[name]?.prepare(world)
          const aborting = new AbortController()
          let calls = 0
          const fault = async (): Promise<void> => {
            calls += 1
            if (calls < at || (calls > at && kind !== 'for good')) return
            if (kind !== 'silently') throw new ArtifactError('storage_failed', 'It is away.')
            queueMicrotask(() => aborting.abort(new Error('too long')))
            await new Promise((_, reject) => {
              aborting.signal.addEventListener('abort', () => reject(aborting.signal.reason))
            })
          }
          const broken: World = {
            ...{ base: own, signal: aborting.signal },
            store: faulty(world.store, fault),
            catalog: faulty(world.catalog, fault),
          }
          const error = await scenarios[name]?.run(broken).then(
            () => null,
            (thrown: unknown) => thrown,
          )
          if (calls < at) break
          if (error !== null && error !== aborting.signal.reason) assertCoded(error)
          await goOn(name, world, later)
          await rm(own, { recursive: true })
          expect(at).to.be.lessThan(60)
        }
      })
    }
  }

  for (const name of Object.keys(scenarios)) {
    it(`fails with a code on a disk that fills up and leaves nothing half-visible: ${name}, at every step`, async () => {
      expect(await endsOf(name)).to.include.keys('fs.open')
    })
  }
})

type AnyFunction = (...given: unknown[]) => unknown

/** A port whose calls go through a fault first. */
function faulty<Port extends ArtifactStore | ArtifactCatalog>(
  port: Port,
  fault: () => Promise<void>,
): Port {
  return new Proxy(port, {
    get: (object, key) => {
      const value: unknown = Reflect.get(object, key)
      if (typeof value !== 'function') return value
      if (key === 'list') {
        return async function* (...given: unknown[]): AsyncGenerator<unknown> {
          await fault()
          yield* Reflect.apply(value, object, given) as AsyncIterable<unknown>
        }
      }
      return async (...given: unknown[]): Promise<unknown> => {
        await fault()
        return Reflect.apply(value as AnyFunction, object, given)
      }
    },
  })
}
