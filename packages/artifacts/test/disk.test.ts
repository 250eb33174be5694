import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { createMessageArtifacts } from '../src/collect/message-artifacts.js'
import { createDiskStore, type DiskStore } from '../src/disk.js'
import { isTemporaryName, toObjectPath } from '../src/disk/paths.js'
import { parseArtifactKey, type ArtifactKey } from '../src/store/key.js'
import { makeTempDir } from './support/temp-dir.js'
import { rejectionOf } from './support/thrown.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const key = (text: string): ArtifactKey => parseArtifactKey(text)

describe('createDiskStore', () => {
  let temp: string
  let root: string
  let store: DiskStore
  let remove: () => Promise<void>

  beforeEach(async () => {
    const made = await makeTempDir()
    temp = made.path
    remove = made.remove
    root = join(temp, 'store')
    store = createDiskStore({ root })
  })

  afterEach(async () => remove())

  async function files(): Promise<string[]> {
    const entries = await readdir(root, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
  }

  async function listKeys(from: DiskStore): Promise<string[]> {
    const keys: string[] = []
    for await (const each of from.list()) keys.push(each.key)
    return keys
  }

  it('takes no text for bytes, and is missed where files are to be collected', async () => {
    const error = await rejectionOf(store.put(key('a'), 'text' as never))
    expect(error).to.be.instanceOf(TypeError)
    expect(String(error)).to.contain('`Buffer.from(text)`')
    expect(() => createMessageArtifacts({ directory: temp } as never)).to.throw(
      TypeError,
      '`store` is missing',
    )
  })

  it('is told of a stream that fails before it is read, which does not end the process', async () => {
    const source = createReadStream(join(temp, 'not-there'))
    const error = await rejectionOf(store.put(key('a'), source))
    expect(error).to.have.property('code', 'source_failed')
    expect(error).to.have.nested.property('cause.code', 'ENOENT')
    expect(await listKeys(store)).to.deep.equal([])
  })

  it('makes its folder at the first put, for its own user only', async () => {
    expect(await store.stat(key('a'))).to.equal(null)
    expect(await store.remove(key('a'))).to.equal(false)
    expect(await listKeys(store)).to.deep.equal([])
    expect(await rejectionOf(stat(root))).to.have.property('code', 'ENOENT')
    await store.put(key('a'), bytes('x'))
    expect((await stat(root)).mode & 0o777).to.equal(0o700)
    expect((await stat(toObjectPath(root, key('a')).file)).mode & 0o777).to.equal(0o600)
  })

  it('shares its folder with another store, in this process or another', async () => {
    const put = await store.put(key('m/A1'), bytes('hello'), { metadata: { name: 'ü' } })
    const other = createDiskStore({ root: join(root, '..', 'store') })
    expect(await other.stat(key('m/A1'))).to.deep.equal(put)
    await other.remove(key('m/A1'))
    expect(await store.get(key('m/A1'))).to.equal(null)
  })

  it('works through a root whose parents are links', async () => {
    await mkdir(join(temp, 'real'))
    await symlink(join(temp, 'real'), join(temp, 'alias'))
    const aliased = createDiskStore({ root: join(temp, 'alias/store') })
    await aliased.put(key('a/b'), bytes('x'))
    expect(await listKeys(aliased)).to.deep.equal(['a/b'])
  })

  it('removes folders that are empty again, and only those', async () => {
    await store.put(key('a/b/c'), bytes('x'))
    await store.put(key('a/d'), bytes('x'))
    await store.remove(key('a/b/c'))
    expect(await readdir(join(root, 'd-a'))).to.deep.equal(['o-d'])
    await store.remove(key('a/d'))
    expect(await readdir(root)).to.deep.equal([])
  })

  it('leaves no folder after a put that failed', async () => {
    const failed = store.put(key('a/b/c'), bytes('too long'), { maxBytes: 1 })
    expect(await rejectionOf(failed)).to.have.property('code', 'too_large')
    expect(await readdir(root)).to.deep.equal([])
  })

  it('leaves no descriptor open after a read that failed', async function () {
    await store.put(key('a'), bytes('hello'))
    const before = await readdir('/proc/self/fd').catch(() => null)
    if (before === null) {
      console.warn('Skipped: this platform does not list open descriptors.')
      this.skip()
    }
    for (let round = 0; round < 20; round += 1) {
      const outside = store.get(key('a'), { range: { start: 5 } })
      expect(await rejectionOf(outside)).to.have.property('code', 'range_not_satisfiable')
    }
    expect((await readdir('/proc/self/fd')).length).to.be.at.most(before.length + 2)
  })

  it('reports a damaged object as corrupt, whatever the damage, and still replaces and removes it', async () => {
    await store.put(key('a'), bytes('hello'))
    const { file } = toObjectPath(root, key('a'))
    const whole = await readFile(file)
    const damages = [
      async () => writeFile(file, ''),
      async () => writeFile(file, 'short'),
      async () => truncate(file, whole.byteLength - 1),
      async () => writeFile(file, whole.subarray(1)),
      async () => writeFile(file, Buffer.concat([bytes('x'), whole])),
      async () =>
        writeFile(file, whole.toString('latin1').replace('"key":"a"', '"key":"b"'), 'latin1'),
      async () => writeFile(file, whole.toString('latin1').replace('{', '['), 'latin1'),
      async () =>
        writeFile(file, whole.toString('latin1').replace('storedAt', 'storedBy'), 'latin1'),
    ]
    for (const damage of damages) {
      await damage()
      const expected = { code: 'corrupt', retryable: false }
      expect(await rejectionOf(store.stat(key('a')))).to.include(expected)
      expect(await rejectionOf(store.get(key('a')))).to.include(expected)
      await store.put(key('a'), bytes('hello'))
    }
    await writeFile(file, '')
    expect(await store.remove(key('a'))).to.equal(true)
  })

  it('follows no link inside its folder', async () => {
    await store.put(key('a/b'), bytes('inside'))
    await rename(join(root, 'd-a'), join(temp, 'outside'))
    await symlink(join(temp, 'outside'), join(root, 'd-a'))
    const calls = [
      async () => store.get(key('a/b')),
      async () => store.stat(key('a/b')),
      async () => store.remove(key('a/b')),
      async () => store.put(key('a/b'), bytes('x')),
      async () => store.put(key('a/new'), bytes('x')),
    ]
    for (const call of calls) {
      expect(await rejectionOf(call())).to.have.property('code', 'unsafe_path')
    }
    expect(await readdir(join(temp, 'outside'))).to.deep.equal(['o-b'])
    await store.put(key('c'), bytes('x'))
    await rm(toObjectPath(root, key('c')).file)
    await symlink(join(temp, 'outside/o-b'), toObjectPath(root, key('c')).file)
    expect(await rejectionOf(store.get(key('c')))).to.have.property('code', 'unsafe_path')
  })

  it('ignores what it did not write', async () => {
    await store.put(key('a'), bytes('x'))
    await writeFile(join(root, 'README'), '')
    await mkdir(join(root, 'lost+found'))
    expect(await listKeys(store)).to.deep.equal(['a'])
  })

  it('keeps the cause of what the file system refuses', async () => {
    await writeFile(root, 'a file where the folder should be')
    const error = await rejectionOf(store.put(key('a'), bytes('x')))
    expect(error).to.include({ code: 'storage_failed', retryable: true })
    expect(error).to.have.nested.property('cause.code', 'EEXIST')
  })

  it('leaves the old object when the process is killed in the middle of a put, and cleans up later', async () => {
    await store.put(key('m/a'), bytes('before'))
    const child = spawn(
      process.execPath,
      [
        '--conditions=@turnstead/source',
        '--import=tsx',
        fileURLToPath(new URL('support/stalling-put.ts', import.meta.url)),
        root,
        'm/a',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect((await files()).filter(isTemporaryName)).to.have.length(1)
    expect(await listKeys(store)).to.deep.equal(['m/a'])
    expect((await store.stat(key('m/a')))?.sizeBytes).to.equal(6)
    expect(await store.removeStale({ olderThanMs: 3_600_000 })).to.equal(0)
    const later = createDiskStore({ root, clock: { now: () => Date.now() + 7_200_000 } })
    expect(await later.removeStale({ olderThanMs: 3_600_000 })).to.equal(1)
    expect(await files()).to.deep.equal(['o-a'])
  })

  it('refuses options that cannot work', async () => {
    expect(() => createDiskStore({ root: '' })).to.throw(TypeError, '`root`')
    const call = store.removeStale({ olderThanMs: NaN })
    expect(await rejectionOf(call)).to.be.an.instanceOf(RangeError)
  })

  it('rejects with the reason when the abort comes while the object is being opened', async () => {
    await store.put(key('a'), bytes('text'))
    const controller = new AbortController()
    const reason = new Error('enough')
    const opening = store.get(key('a'), { signal: controller.signal })
    await Promise.resolve()
    controller.abort(reason)
    expect(await rejectionOf(opening)).to.equal(reason)
  })
})
