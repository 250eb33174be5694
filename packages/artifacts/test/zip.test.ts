import { expect } from 'chai'
import * as fc from 'fast-check'
import { describe, it } from 'mocha'
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { fromBufferPromise } from 'yauzl'

import { foldFileName } from '../src/file-name.js'
import { createMemoryStore } from '../src/memory.js'
import { parseArtifactKey } from '../src/store/key.js'
import type { ArtifactStore, StoredArtifact } from '../src/store/store.js'
import { zipArtifacts, zipHeaders, type ZippedFile } from '../src/zip.js'
import { createEntryNames } from '../src/zip/entry-names.js'

const at = Date.UTC(2026, 1, 3, 4, 5, 6)

async function storeOf(
  files: Readonly<Record<string, string>>,
): Promise<{ store: ArtifactStore; files: ZippedFile[] }> {
  const store = createMemoryStore()
  const listed: ZippedFile[] = []
  for (const [path, content] of Object.entries(files)) {
    const key = parseArtifactKey(`k/${listed.length}`)
    await store.put(key, Buffer.from(content))
    listed.push({ key, path, storedAt: at })
  }
  return { store, files: listed }
}

/** What a reader of another library finds in it; every checksum is tested. */
async function unpack(bytes: Buffer): Promise<Record<string, string>> {
  const zip = await fromBufferPromise(bytes, { decodeStrings: true, strictFileNames: true })
  const found: Record<string, string> = {}
  for await (const entry of zip.eachEntry()) {
    const content = await buffer(await zip.openReadStreamPromise(entry))
    expect(crc32(content), entry.fileName).to.equal(entry.crc32)
    found[entry.fileName] = content.toString()
  }
  return found
}

describe('zipArtifacts', () => {
  it('packs files so that another program finds them whole, under safe names', async () => {
    const { store, files } = await storeOf({
      'a/b.txt': 'one'.repeat(10_000),
      'A/B.TXT': 'two',
      '../../etc/passwd': 'three',
      'grüße/漢字 🙂.md': 'four',
      'x\u202egpj.exe': 'five',
      'con/aux.txt': 'six',
      a: 'seven',
      empty: '',
    })
    const { body, report } = zipArtifacts({ store, files })
    const found = await unpack(await buffer(body))
    expect(found).to.deep.equal({
      'a/b.txt': 'one'.repeat(10_000),
      'A/B (2).TXT': 'two',
      'etc/passwd': 'three',
      'grüße/漢字 🙂.md': 'four',
      'xgpj.exe': 'five',
      '_con/_aux.txt': 'six',
      'a (2)': 'seven',
      empty: '',
    })
    expect(await report).to.deep.equal({ files: 8, missing: [] })
  })

  it('goes on without a file that is gone, and says so in the archive', async () => {
    const { store, files } = await storeOf({ a: '1', 'missing-files.txt': '2', b: '3' })
    await store.remove(parseArtifactKey('k/0'))
    const { body, report } = zipArtifacts({ store, files })
    expect(await unpack(await buffer(body))).to.deep.equal({
      'missing-files (2).txt': '2',
      b: '3',
      'missing-files.txt': 'a\n',
    })
    expect(await report).to.deep.equal({ files: 2, missing: ['a'] })
  })

  it('holds one file open at a time, and none when its reader leaves or the caller aborts', async () => {
    const { store, files } = await storeOf({
      a: 'x'.repeat(5_000_000),
      b: 'y'.repeat(5_000_000),
      c: 'z',
    })
    for (const how of ['leave', 'abort'] as const) {
      const open = new Set<string>()
      let most = 0
      const counting: ArtifactStore = {
        ...store,
        get: async (key, options) => {
          const found = await store.get(key, options)
          open.add(key)
          most = Math.max(most, open.size)
          found?.body.once('close', () => open.delete(key))
          return found
        },
      }
      const leave = new AbortController()
      const { body, report } = zipArtifacts({
        store: counting,
        files,
        compress: false,
        signal: leave.signal,
      })
      body.on('error', () => {})
      for await (const _chunk of body.iterator({ destroyOnReturn: false })) break
      if (how === 'leave') body.destroy()
      else leave.abort(new Error('stopped'))
      const outcome = await report.catch((error: unknown) => error)
      expect(outcome).to.be.instanceOf(Error)
      if (how === 'abort') expect(outcome).to.equal(leave.signal.reason)
      expect(most).to.equal(1)
      await new Promise((resolve) => setImmediate(resolve))
      expect([...open]).to.deep.equal([])
      expect(body.destroyed).to.equal(true)
    }
  })

  it('breaks off when the store fails in the middle: half an archive must not look whole', async () => {
    const { store, files } = await storeOf({ a: 'x'.repeat(200_000), b: 'y' })
    const failing: ArtifactStore = {
      ...store,
      get: async (key, options) => {
        const found = await store.get(key, options)
        if (key === 'k/1') found?.body.destroy(new Error('broke off'))
        return found
      },
    }
    const { body, report } = zipArtifacts({ store: failing, files })
    const read = await buffer(body).catch((error: unknown) => error)
    expect(read).to.be.an('error').with.property('message', 'broke off')
    expect(await report.catch((error: unknown) => error)).to.equal(read)
  })

  it('is a download under a safe name', () => {
    expect(zipHeaders('Größe "1".zip')['content-disposition']).to.match(
      /^attachment; filename="Gr__e _1_.zip"; filename\*=/,
    )
  })

  it('names any paths apart, inside, and short', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 400 })), (paths) => {
        const toName = createEntryNames()
        const names = paths.map(toName)
        const folded = names.map((name) => name.split('/').map(foldFileName).join('/'))
        expect(new Set(folded).size).to.equal(paths.length)
        for (const name of names) {
          expect(name.split('/')).to.not.include.members(['..'])
          expect(name.startsWith('/')).to.equal(false)
          for (const other of folded)
            expect(`${folded[names.indexOf(name)]}`.startsWith(`${other}/`)).to.equal(false)
        }
      }),
    )
  })

  it('ends with names that are as long as a name may be, or grow when they are folded', () => {
    for (const name of [
      `${'\u6f22'.repeat(66)}`,
      `${'\ufdfa'.repeat(8)}.txt`,
      `${'\u{1f642}'.repeat(60)}.md`,
    ]) {
      const toName = createEntryNames()
      const given = Array.from({ length: 12 }, () => toName(name))
      expect(new Set(given.map((each) => each.toLowerCase())), name).to.have.property('size', 12)
      for (const each of given) expect(Buffer.byteLength(each)).to.be.at.most(200)
    }
  })

  it('numbers many files of one name without trying all numbers for each', function () {
    this.timeout(10_000)
    const toName = createEntryNames()
    const given = Array.from({ length: 5000 }, () => toName('out/report.txt'))
    expect(new Set(given).size).to.equal(5000)
    expect(given.at(-1)).to.equal('out/report (5000).txt')
    // The same where their folder gives way to a file, and where it is deep.
    expect(toName('way')).to.equal('way')
    const moved = Array.from({ length: 5000 }, () => toName('way/b'))
    expect(moved.at(-1)).to.equal('b (5000)')
    const deep = Array.from({ length: 1000 }, () => toName(`${'x/'.repeat(500)}c`))
    expect(deep.at(-1)?.length).to.be.within(170, 190)
  })

  it('ends for a reader who leaves and a caller who aborts, whatever does not answer', async () => {
    const { store, files } = await storeOf({ a: 'x' })
    let late = (_found: StoredArtifact | null): void => {}
    const silent: ArtifactStore = {
      ...store,
      get: () => new Promise((resolve) => (late = resolve)),
    }
    const never: AsyncIterable<ZippedFile> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    }
    for (const options of [
      { store: silent, files },
      { store, files: never },
    ]) {
      const left = zipArtifacts(options)
      left.body.destroy()
      expect(await left.report.catch((error: unknown) => error)).to.be.an('error')
      const stop = new AbortController()
      const stopped = zipArtifacts({ ...options, signal: stop.signal })
      stop.abort(new Error('stopped'))
      expect(await stopped.report.catch((error: unknown) => error)).to.equal(stop.signal.reason)
    }
    const found = await store.get(parseArtifactKey('k/0'))
    late(found)
    await new Promise((resolve) => setImmediate(resolve))
    expect(found?.body.destroyed).to.equal(true)
  })

  it('is no uncaught exception when it is stopped before anybody reads', async () => {
    const { store, files } = await storeOf({ a: 'x' })
    const stop = new AbortController()
    const { body, report } = zipArtifacts({ store, files, signal: stop.signal })
    stop.abort(new Error('stopped'))
    expect(await report.then(null, (error: unknown) => error)).to.equal(stop.signal.reason)
    await new Promise((resolve) => setImmediate(resolve))
    expect(body.errored).to.equal(stop.signal.reason)
  })
})
