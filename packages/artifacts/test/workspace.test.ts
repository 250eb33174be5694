import { expect } from 'chai'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, it } from 'mocha'
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Parser, type ReadEntry } from 'tar'

import { rejection, rejectsWith } from '../src/contract/subject.js'
import { createMemoryStore } from '../src/memory.js'
import { parseArtifactKey } from '../src/store/key.js'
import type { ArtifactStore } from '../src/store/store.js'
import { backupWorkspace, listBackups, pruneBackups, restoreWorkspace } from '../src/workspace.js'
import { makeWorkspaces } from './support/workspaces.js'

describe('backupWorkspace and restoreWorkspace', () => {
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
  const keys = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const { key } of store.list()) found.push(key)
    return found
  }

  /** Everything in a directory, as one value. */
  const tree = async (directory: string, below = ''): Promise<Record<string, unknown>> => {
    const found: Record<string, unknown> = {}
    for (const name of await readdir(join(directory, below))) {
      const path = join(below, name)
      const at = join(directory, path)
      const info = await lstat(at)
      if (info.isSymbolicLink()) found[path] = { target: await readlink(at) }
      else if (info.isDirectory()) {
        found[path] = { mode: info.mode & 0o777 }
        Object.assign(found, await tree(directory, path))
      } else {
        const content = (await readFile(at)).toString('latin1')
        found[path] = { content, mode: info.mode & 0o777 }
      }
    }
    return found
  }

  it('brings back files, folders, modes, times and links, on any directory', async () => {
    await mkdir(join(from, 'a/b/c'), { recursive: true })
    await writeFile(join(from, 'a/b/grüße 漢字 🙂.txt'), 'x')
    await writeFile(join(from, 'a/run.sh'), '#!/bin/sh\n', { mode: 0o755 })
    await writeFile(join(from, 'big'), Buffer.alloc(3_000_000, 'big'))
    await writeFile(join(from, 'empty'), '')
    await writeFile(join(from, 'same'), 'x')
    await symlink('b/c', join(from, 'a/link'))
    await symlink('../big', join(from, 'a/up'))
    await chmod(join(from, 'a/b/c'), 0o500)
    const { id, isConsistent, skipped, files } = await backup()
    expect({ isConsistent, skipped, files }).to.deep.equal({
      isConsistent: true,
      skipped: [],
      files: 5,
    })
    expect(await restore()).to.deep.equal({ id, files: 5, bytes: 3_000_012 })
    expect(await tree(to)).to.deep.equal(await tree(from))
    const [before, after] = [await lstat(join(from, 'big')), await lstat(join(to, 'big'))]
    expect(after.mtimeMs).to.be.closeTo(before.mtimeMs, 0.01)
  })

  it('is an archive that other programs read', async () => {
    await mkdir(join(from, 'ä'))
    await writeFile(join(from, 'ä', 'long '.repeat(40)), 'hello')
    await backup()
    const pack = (await keys()).find((key) => key.endsWith('/pack'))
    const found = await store.get(parseArtifactKey(pack))
    const read: [string, string][] = []
    const parser = new Parser({ strict: true })
    parser.on('entry', (entry: ReadEntry) => {
      const chunks: Buffer[] = []
      entry.on('data', (chunk: Buffer) => chunks.push(chunk))
      entry.on('end', () => read.push([entry.path, String(Buffer.concat(chunks))]))
    })
    const ended = new Promise((resolve, reject) => parser.on('end', resolve).on('error', reject))
    parser.end(await buffer(found?.body ?? expect.fail()))
    await ended
    expect(read).to.deep.equal([
      ['ä/', ''],
      [`ä/${'long '.repeat(40)}`, 'hello'],
    ])
  })

  it('stores only what no earlier backup holds, and prunes what none needs any more', async () => {
    await writeFile(join(from, 'large'), Buffer.alloc(500_000, 'l'))
    await writeFile(join(from, 'small'), '1')
    const first = await backup()
    expect(first.newBytes).to.be.greaterThan(500_000)
    const second = await backup()
    expect(second.newBytes).to.equal(0)
    await rename(join(from, 'large'), join(from, 'moved'))
    await writeFile(join(from, 'small'), '2')
    const third = await backup()
    expect(third.newBytes).to.be.within(1, 5_000)
    await restore()
    expect(await tree(to)).to.deep.equal(await tree(from))
    await restore({ id: first.id, into: 'replace' })
    expect((await readdir(to)).sort()).to.deep.equal(['large', 'small'])
    expect(await pruneBackups({ store, name: 'c1', keep: 1 })).to.equal(2)
    const left = []
    for await (const { id } of listBackups(store, 'c1')) left.push(id)
    expect(left).to.deep.equal([third.id])
    await restore({ into: 'replace' })
    expect(await tree(to)).to.deep.equal(await tree(from))
    expect(await restore({ id: first.id })).to.equal(null)
  })

  it('takes what changes meanwhile again, and says when it does not come to rest', async () => {
    // So large that the archive is given on while there is more to look at.
    const large = (text: string): Buffer => Buffer.alloc(300_000, text)
    await writeFile(join(from, 'a'), large('one'))
    let writes = 0
    const busy = (most: number): ArtifactStore => ({
      ...store,
      put: async (key, source, options) => {
        if (!key.endsWith('/pack')) return store.put(key, source, options)
        async function* watched(): AsyncGenerator<Uint8Array> {
          for await (const chunk of source as AsyncIterable<Uint8Array>) {
            yield chunk
            if (writes < most)
              await writeFile(join(from, `new-${(writes += 1)}`), large(`${most} ${writes}`))
          }
        }
        return store.put(key, watched(), options)
      },
    })
    expect((await backup({ store: busy(1) })).isConsistent).to.equal(true)
    await restore()
    expect(await tree(to)).to.deep.equal(await tree(from))
    writes = 0
    await writeFile(join(from, 'a'), large('two'))
    expect((await backup({ store: busy(1000) })).isConsistent).to.equal(false)
  })

  it('leaves out what leads out, is shared, or no file, and what it was told to', async () => {
    const outside = join(root, 'secret')
    await writeFile(outside, 'secret')
    await writeFile(join(from, 'good'), 'x')
    await symlink(outside, join(from, 'absolute'))
    await symlink('../secret', join(from, 'climbs'))
    await mkdir(join(from, 'd'))
    await symlink('.', join(from, 'd/here'))
    await symlink('here/../../../secret', join(from, 'd/behind'))
    await link(outside, join(from, 'hard'))
    await mkdir(join(from, 'node_modules/x'), { recursive: true })
    await writeFile(join(from, 'node_modules/x/y'), 'x')
    await writeFile(join(from, 'a.log'), 'x')
    const { skipped } = await backup({ ignore: ['node_modules/', '*.log'] })
    expect(Object.fromEntries(skipped.map(({ path, reason }) => [path, reason]))).to.deep.equal({
      absolute: 'link_outside',
      climbs: 'link_outside',
      'd/behind': 'link_outside',
      hard: 'hard_link',
    })
    await restore()
    expect(Object.keys(await tree(to)).sort()).to.deep.equal(['d', 'd/here', 'good'])
  })

  it('believes no manifest', async () => {
    await writeFile(join(from, 'a'), 'x')
    const { id } = await backup()
    const key = parseArtifactKey((await keys()).find((each) => each.endsWith('/manifest')))
    const good = JSON.parse(String(await buffer((await store.get(key))?.body ?? expect.fail())))
    const [file] = good.entries
    const folder = { kind: 'folder', path: 'd', mode: 0o755 }
    const linkTo = (path: string, target: string) => ({ kind: 'link', path, target })
    const attempts: Record<string, unknown[]> = {
      absolute: [{ ...file, path: '/tmp/x' }],
      climbs: [{ ...file, path: '../x' }],
      inside: [folder, { ...file, path: 'd/../../x' }],
      dot: [{ ...file, path: './x' }],
      empty: [{ ...file, path: '' }],
      nul: [{ ...file, path: 'a\0b' }],
      surrogate: [{ ...file, path: '\ud800' }],
      long: [{ ...file, path: 'x'.repeat(256) }],
      orphan: [{ ...file, path: 'none/x' }],
      'through a link': [linkTo('l', 'a'), { ...file, path: 'l/x' }],
      twice: [file, file],
      'over a folder': [folder, { ...file, path: 'd' }],
      'link out': [linkTo('l', '../x')],
      'link absolute': [linkTo('l', '/etc')],
      'link behind a name': [folder, linkTo('d/l', 'x/../../y')],
      setuid: [{ ...file, mode: 0o4755 }],
      device: [{ ...file, kind: 'device' }],
      'no pack': [{ ...file, pack: 1 }],
      negative: [{ ...file, offset: -1 }],
      fraction: [{ ...file, sizeBytes: 0.5 }],
    }
    for (const [name, entries] of Object.entries(attempts)) {
      await store.put(key, Buffer.from(JSON.stringify({ ...good, entries })))
      const error = await rejection(restore())
      expect(error, name).to.include({ code: 'corrupt' })
    }
    for (const text of [
      '',
      '{}',
      '[]',
      'null',
      '{"version":2}',
      JSON.stringify({ ...good, packs: ['../x'] }),
    ]) {
      await store.put(key, Buffer.from(text))
      await rejectsWith('corrupt', restore())
    }
    await store.put(
      key,
      Buffer.from(JSON.stringify({ ...good, entries: [{ ...file, sizeBytes: 11_000_000_000 }] })),
    )
    await rejectsWith('too_large', restore())
    await store.put(key, Buffer.from(JSON.stringify(good)))
    await rejectsWith('too_large', restore({ limits: { maxEntries: 0 } }))
    await rejectsWith('too_large', restore({ limits: { maxBytes: 0 } }))
    expect(await readdir(root)).to.have.members(['from'])
    expect((await restore({ id }))?.files).to.equal(1)
  })

  it('notices archives that are gone, cut, or hold other bytes, and a second try completes', async () => {
    await writeFile(join(from, 'a'), 'hello')
    await backup()
    const pack = parseArtifactKey((await keys()).find((each) => each.endsWith('/pack')))
    const good = await buffer((await store.get(pack))?.body ?? expect.fail())
    const spoiled = Buffer.from(good)
    spoiled[spoiled.indexOf('hello')] = 0
    for (const bytes of [null, good.subarray(0, 514), spoiled]) {
      if (bytes === null) await store.remove(pack)
      else await store.put(pack, bytes)
      await rejectsWith('corrupt', restore())
      await rejectsWith('storage_failed', backup({ directory: to }))
    }
    await store.put(pack, good)
    await restore()
    expect(await tree(to)).to.deep.equal(await tree(from))
    await backup({ directory: to })
  })

  it('touches nothing that it was not told to', async () => {
    await writeFile(join(from, 'a'), 'x')
    await backup()
    await mkdir(to)
    await writeFile(join(to, 'mine'), 'x')
    await rejectsWith('already_exists', restore())
    expect(await readdir(to)).to.deep.equal(['mine'])
    const linked = join(root, 'linked')
    await symlink(to, linked)
    await rejectsWith('unsafe_path', restore({ directory: linked }))
    await rejectsWith('unsafe_path', backup({ directory: linked }))
    await rejectsWith('storage_failed', backup({ directory: join(root, 'none') }))
    expect(await restore({ name: 'other' })).to.equal(null)
    await restore({ into: 'replace' })
    expect(await readdir(to)).to.deep.equal(['a'])
  })

  it('leaves nothing half-made wherever it is killed, and the next run completes', async () => {
    await writeFile(join(from, 'a'), 'x'.repeat(1000))
    await backup()
    await writeFile(join(from, 'b'), 'y'.repeat(1000))
    for (let fatal = 1; ; fatal += 1) {
      let calls = 0
      const dying = new Proxy(store, {
        get: (object, name) => {
          const value: unknown = Reflect.get(object, name)
          if (typeof value !== 'function') return value
          return (...given: unknown[]): unknown => {
            calls += 1
            if (calls >= fatal) throw new Error('killed')
            return Reflect.apply(value, object, given)
          }
        },
      })
      const outcome = await backup({ store: dying }).catch((error: unknown) => error)
      await restore({ into: 'replace' })
      const isWhole = !(outcome instanceof Error)
      expect((await readdir(to)).sort()).to.deep.equal(isWhole ? ['a', 'b'] : ['a'])
      if (isWhole) break
      expect(fatal).to.be.lessThan(20)
    }
    await pruneBackups({ store, name: 'c1', keep: 1 })
    await restore({ into: 'replace' })
    expect(await tree(to)).to.deep.equal(await tree(from))
  })

  it('brings any tree back', async () => {
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter((each) => !/[/\0\p{Cs}]/u.test(each) && each !== '.' && each !== '..')
    const files = fc.dictionary(name, fc.uint8Array({ maxLength: 3000 }), { maxKeys: 5 })
    const folders = fc.dictionary(name, files, { maxKeys: 3 })
    await fc.assert(
      fc.asyncProperty(files, folders, async (top, inner) => {
        await rm(from, { recursive: true })
        await mkdir(from)
        const isNew = async (path: string) => (await lstat(path).catch(() => null)) === null
        for (const [each, bytes] of Object.entries(top)) await writeFile(join(from, each), bytes)
        for (const [folder, content] of Object.entries(inner)) {
          if (!(await isNew(join(from, folder)))) continue
          await mkdir(join(from, folder))
          for (const [each, bytes] of Object.entries(content)) {
            await writeFile(join(from, folder, each), bytes)
          }
        }
        const { skipped } = await backup({ ignore: [] })
        expect(skipped).to.deep.equal([])
        await restore({ into: 'replace' })
        expect(await tree(to)).to.deep.equal(await tree(from))
      }),
      { numRuns: 30 },
    )
  })

  it('stops at an abort with its reason', async () => {
    await writeFile(join(from, 'a'), 'x')
    const signal = AbortSignal.abort(new Error('stopped'))
    expect(await rejection(backup({ signal }))).to.equal(signal.reason)
    expect(await rejection(restore({ signal }))).to.equal(signal.reason)
    expect(await keys()).to.deep.equal([])
  })
})
