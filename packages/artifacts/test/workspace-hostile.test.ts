import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

import { rejection, rejectsWith } from '../src/contract/subject.js'
import { createMemoryStore } from '../src/memory.js'
import type { ArtifactStore } from '../src/store/store.js'
import { backupWorkspace, pruneBackups, restoreWorkspace } from '../src/workspace.js'
import { makeWorkspaces } from './support/workspaces.js'

describe('a backup in bad company', () => {
  let root: string
  let remove: () => Promise<void>
  let from: string
  let to: string
  let store: ArtifactStore
  let now: number

  beforeEach(async () => {
    ;({ root, from, to, remove } = await makeWorkspaces())
    store = createMemoryStore()
    now = 1_700_000_000_000
  })
  afterEach(() => remove())

  const backup = (more: Partial<Parameters<typeof backupWorkspace>[0]> = {}) =>
    backupWorkspace({
      store,
      directory: from,
      name: 'c1',
      clock: { now: () => (now += 1) },
      ...more,
    })
  const restore = (more: Partial<Parameters<typeof restoreWorkspace>[0]> = {}) =>
    restoreWorkspace({ store, directory: to, name: 'c1', ...more })

  it('takes a file of the agent for no mark, whatever it holds', async () => {
    await writeFile(join(from, 'a'), 'x')
    await backup()
    await writeFile(join(from, '.turnstead-restoring'), `${'1'.repeat(15)}-${'a'.repeat(12)}`)
    expect((await backup()).files).to.equal(1)
    await rejectsWith('already_exists', restore({ directory: from }))
    expect(await readFile(join(from, 'a'), 'utf8')).to.equal('x')
  })

  it('writes through no link that an agent put in place of the mark', async () => {
    await writeFile(join(from, 'a'), 'x')
    await backup()
    const victim = join(root, 'victim')
    await writeFile(victim, 'of the host')
    await mkdir(to)
    await symlink(victim, join(to, '.turnstead-restoring'))
    await rejectsWith('already_exists', restore())
    await restore({ into: 'replace' })
    expect(await readFile(victim, 'utf8')).to.equal('of the host')
    expect(await readdir(to)).to.deep.equal(['a'])
  })

  it('gives its mode to no folder but its own', async () => {
    await mkdir(join(from, 'd'), 0o755)
    await writeFile(join(from, 'a'), 'x')
    await backup()
    const outside = join(root, 'outside')
    await mkdir(outside)
    await chmod(outside, 0o700)
    const swapping: ArtifactStore = {
      ...store,
      get: async (key, options) => {
        if (key.endsWith('/pack')) {
          await rename(join(to, 'd'), join(to, 'moved'))
          await symlink(outside, join(to, 'd'))
        }
        return store.get(key, options)
      },
    }
    await rejection(restore({ store: swapping }))
    expect((await lstat(outside)).mode & 0o777).to.equal(0o700)
  })

  it('comes to rest with links that lead out, and tells of what it may not read', async () => {
    await symlink('/etc', join(from, 'link'))
    await writeFile(join(from, 'secret'), 'x')
    await chmod(join(from, 'secret'), 0)
    const isRoot = process.getuid?.() === 0
    await chmod(root, 0o755)
    const reading = await (async () => {
      if (isRoot) process.seteuid?.(65_534)
      try {
        return await backup()
      } finally {
        if (isRoot) process.seteuid?.(0)
      }
    })()
    expect(reading.isConsistent).to.equal(true)
    expect(reading.skipped).to.have.deep.members([
      { path: 'link', reason: 'link_outside' },
      { path: 'secret', reason: 'unreadable' },
    ])
  })

  it('tells of a file that never came to rest, and holds no more of it than a few chunks', async () => {
    const path = join(from, 'log')
    const sizes = new Set<number>()
    const writing: ArtifactStore = {
      ...store,
      put: async (key, source, options) => {
        if (!key.endsWith('/pack')) return store.put(key, source, options)
        const chunks: Uint8Array[] = []
        await writeFile(path, Buffer.alloc(3_000_000, 'a'))
        for await (const chunk of source as AsyncIterable<Uint8Array>) {
          sizes.add(chunk.byteLength)
          chunks.push(chunk)
          // Cut just after its header was given on, and long again before the next look.
          const isHeader = Buffer.from(chunk).includes('ustar')
          await writeFile(path, isHeader ? 'short' : Buffer.alloc(3_000_000, 'b'))
        }
        return store.put(key, Buffer.concat(chunks), options)
      },
    }
    const { isConsistent, skipped } = await backup({ store: writing })
    expect(isConsistent).to.equal(false)
    expect(skipped).to.deep.equal([{ path: 'log', reason: 'changing' }])
    expect(Math.max(...sizes)).to.be.at.most(400_000)
  })

  it('goes down as deep as it may, and tells of folders that are too deep', async () => {
    const names = (count: number): string => Array.from({ length: count }, () => 'd').join('/')
    await mkdir(join(from, names(300)), { recursive: true })
    for (const depth of [1, 127, 128, 299]) await writeFile(join(from, names(depth), 'f'), 'x')
    const { files, skipped, isConsistent } = await backup()
    expect({ files, isConsistent }).to.deep.equal({ files: 2, isConsistent: true })
    expect(skipped).to.deep.equal([{ path: names(128), reason: 'too_deep' }])
    await restore()
    expect(await readFile(join(to, names(127), 'f'), 'utf8')).to.equal('x')
    expect(await readdir(join(to, names(128)))).to.deep.equal([])
  })

  it('takes a later backup than the last on a machine whose clock is behind', async () => {
    await writeFile(join(from, 'a'), 'old')
    await backup()
    await writeFile(join(from, 'a'), 'new')
    const { id } = await backup({ clock: { now: () => 1_600_000_000_000 } })
    expect((await restore())?.id).to.equal(id)
    expect(await readFile(join(to, 'a'), 'utf8')).to.equal('new')
  })

  it('prunes nothing of a backup that is being taken', async () => {
    await writeFile(join(from, 'a'), 'old')
    await backup()
    await writeFile(join(from, 'a'), 'new')
    const clock = { now: (): number => now }
    const racing: ArtifactStore = {
      ...store,
      put: async (key, source, options) => {
        if (key.endsWith('/manifest')) await pruneBackups({ store, name: 'c1', keep: 1, clock })
        return store.put(key, source, options)
      },
    }
    await backup({ store: racing })
    await restore()
    expect(await readFile(join(to, 'a'), 'utf8')).to.equal('new')
  })

  it('has few files open, however many hold the same', async function () {
    const openFiles = async (): Promise<number> =>
      readdir('/proc/self/fd').then(
        (names) => names.length,
        () => 0,
      )
    if ((await openFiles()) === 0) {
      console.warn('Skipped: this platform does not list open descriptors.')
      return this.skip()
    }
    const content = Buffer.alloc(300_000, 'x')
    for (let number = 0; number < 100; number += 1) {
      await writeFile(join(from, `${number}`), content)
    }
    await backup()
    let most = 0
    const counting: ArtifactStore = {
      ...store,
      get: async (key, options) => {
        const found = await store.get(key, options)
        if (found === null || !key.endsWith('/pack')) return found
        const whole = await buffer(found.body)
        const chunks = async function* () {
          for (let at = 0; at < whole.byteLength; at += 10_000) {
            most = Math.max(most, await openFiles())
            yield whole.subarray(at, at + 10_000)
          }
        }
        return { ...found, body: Readable.from(chunks(), { objectMode: false }) }
      },
    }
    const before = await openFiles()
    await restore({ store: counting })
    expect(most - before).to.be.within(1, 20)
    expect(await readdir(to)).to.deep.equal(await readdir(from))
    expect((await readFile(join(to, '99'))).equals(content)).to.equal(true)
  })
})
