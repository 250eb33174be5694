import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { rejectsWith } from '../src/contract/subject.js'
import { createMemoryStore } from '../src/memory.js'
import type { ArtifactStore } from '../src/store/store.js'
import { backupWorkspace, listBackups, pruneBackups, restoreWorkspace } from '../src/workspace.js'
import { makeWorkspaces } from './support/workspaces.js'

describe('backups', () => {
  let root: string
  let remove: () => Promise<void>
  let from: string
  let store: ArtifactStore
  let now: number
  const clock = { now: (): number => (now += 1) }

  beforeEach(async () => {
    ;({ root, from, remove } = await makeWorkspaces())
    store = createMemoryStore()
    now = 1_700_000_000_000
  })
  afterEach(() => remove())

  const backup = (more: Partial<Parameters<typeof backupWorkspace>[0]> = {}) =>
    backupWorkspace({ store, directory: from, name: 'c1', clock, ...more })
  const prune = (more: Partial<Parameters<typeof pruneBackups>[0]> = {}) =>
    pruneBackups({ store, name: 'c1', keep: 1, clock, ...more })
  const keys = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const { key } of store.list()) found.push(key.replace(/.*\//, ''))
    return found.sort()
  }

  /** Calls back before one call of a store. */
  const interrupted = (at: number, meanwhile: () => Promise<void>): ArtifactStore => {
    let calls = 0
    const enter = async (): Promise<void> => {
      calls += 1
      if (calls === at) await meanwhile()
    }
    return {
      ...store,
      get: async (...given) => enter().then(async () => store.get(...given)),
      stat: async (...given) => enter().then(async () => store.stat(...given)),
      put: async (...given) => enter().then(async () => store.put(...given)),
      remove: async (...given) => enter().then(async () => store.remove(...given)),
      list: async function* (...given) {
        await enter()
        for await (const each of store.list(...given)) {
          await enter()
          yield each
        }
      },
    }
  }

  /** Every backup that there is comes back whole. */
  async function restoreAll(): Promise<number> {
    let count = 0
    for await (const { id } of listBackups(store, 'c1')) {
      const to = join(root, `to-${(now += 1)}`)
      await restoreWorkspace({ store, name: 'c1', directory: to, id })
      expect(await readFile(join(to, 'base'), 'utf8')).to.be.oneOf(['base', 'elsewhere'])
      count += 1
    }
    return count
  }

  it('lose nothing when others are taken and pruned at any point', async () => {
    for (let at = 1; ; at += 1) {
      store = createMemoryStore()
      await writeFile(join(from, 'base'), 'base')
      await rm(join(from, 'new'), { force: true })
      await backup()
      let isReached = false
      const other = async (): Promise<void> => {
        isReached = true
        // Of other bytes, so that it needs nothing of what the first builds on.
        const elsewhere = join(root, 'elsewhere')
        await mkdir(elsewhere, { recursive: true })
        await writeFile(join(elsewhere, 'base'), 'elsewhere')
        await backup({ directory: elsewhere })
        await prune()
      }
      await writeFile(join(from, 'new'), String(at))
      await backup({ store: interrupted(at, other) })
      expect(await restoreAll()).to.be.greaterThan(0)
      await prune()
      expect(await restoreAll()).to.equal(1)
      expect(await keys()).to.not.include('announced')
      if (!isReached) break
      expect(at).to.be.lessThan(40)
    }
  })

  it('lose nothing to a prune that goes on at any point of theirs', async () => {
    const steps = { backup: 0, prune: 0 }
    for (let pause = 1; pause < 40; pause += 1) {
      for (let at = 1; at < 40; at += 1) {
        store = createMemoryStore()
        await writeFile(join(from, 'base'), 'base')
        await backup()
        await writeFile(join(from, 'second'), '2')
        await backup()
        await writeFile(join(from, 'new'), `${pause} ${at}`)
        let goOn = (): void => {}
        let taking: Promise<unknown> = Promise.resolve()
        // The backup waits at one point until the prune is at one of its own.
        const start = async (): Promise<void> =>
          new Promise((paused) => {
            const wait = async (): Promise<void> => {
              steps.backup = Math.max(steps.backup, pause)
              paused()
              await new Promise<void>((resolve) => (goOn = resolve))
            }
            taking = backup({ store: interrupted(pause, wait) }).finally(paused)
          })
        await start()
        const finish = async (): Promise<void> => {
          steps.prune = Math.max(steps.prune, at)
          goOn()
          await taking
        }
        await prune({ store: interrupted(at, finish) })
        goOn()
        await taking
        expect(await restoreAll()).to.be.greaterThan(0)
        await rm(join(from, 'new'))
        if (at > steps.prune) break
      }
      if (pause > steps.backup) break
    }
    expect(steps.backup).to.be.within(5, 38)
    expect(steps.prune).to.be.within(5, 38)
  })

  it('leave nothing of one that was killed, when it is old enough', async () => {
    await writeFile(join(from, 'base'), 'base')
    const dying = interrupted(4, async () => {
      throw new Error('killed')
    })
    await backup({ store: dying }).then(
      () => expect.fail(),
      () => {},
    )
    await backup()
    await writeFile(join(from, 'more'), 'more')
    // Killed when it was there already, but for its announcement.
    const left = { ...store, remove: async () => expect.fail() } satisfies ArtifactStore
    await backup({ store: left })
    await prune()
    expect((await keys()).filter((key) => key === 'announced')).to.have.length(2)
    expect(await prune({ longestBackupMs: 0 })).to.equal(3)
    expect(await keys()).to.deep.equal(['manifest', 'pack', 'pack'])
    expect(await restoreAll()).to.equal(1)
  })

  it('refuse what is above their limits, and store nothing of it', async () => {
    for (const name of ['base', 'b', 'c']) await writeFile(join(from, name), 'base')
    await rejectsWith('too_large', backup({ limits: { maxEntries: 2 } }))
    await rejectsWith('too_large', backup({ limits: { maxBytes: 11 } }))
    expect(await keys()).to.deep.equal([])
    await writeFile(join(from, 'large'), 'large')
    const { skipped, files } = await backup({ limits: { maxFileBytes: 4, maxEntries: 4 } })
    expect({ skipped, files }).to.deep.equal({
      skipped: [{ path: 'large', reason: 'too_large' }],
      files: 3,
    })
    expect(() => backup({ limits: { maxBytes: -1 } })).to.not.throw()
    const refused = await backup({ limits: { maxBytes: Number.NaN } }).catch(
      (error: unknown) => error,
    )
    expect(refused).to.be.instanceOf(RangeError)
  })

  it('read no manifest that is too long', async () => {
    await writeFile(join(from, 'base'), 'base')
    await backup()
    let given = 0
    const endless = {
      ...store,
      get: async (...[key, options]: Parameters<ArtifactStore['get']>) => {
        const found = await store.get(key, options)
        if (found === null || !key.endsWith('/manifest')) return found
        const chunk = Buffer.alloc(65_536, ' ')
        const body = new Readable({
          read() {
            given += chunk.byteLength
            this.push(chunk)
          },
        })
        return { ...found, body }
      },
    } satisfies ArtifactStore
    const restoring = restoreWorkspace({
      ...{ store: endless, name: 'c1', directory: join(root, 'to') },
      limits: { maxEntries: 10 },
    })
    await rejectsWith('too_large', restoring)
    expect(given).to.be.lessThan(2_000_000)
  })
})
