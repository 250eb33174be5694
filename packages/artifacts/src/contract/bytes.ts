import assert from 'node:assert/strict'

import {
  assertAbsent,
  assertHolds,
  collectBody,
  key,
  patternBytes,
  readAll,
  sha256,
  text,
  type ArtifactStoreCase,
} from './subject.js'

/** What goes in comes out. */
export const byteCases: readonly ArtifactStoreCase[] = [
  {
    name: 'get and stat of an absent key give null',
    run: async (store) => assertAbsent(store, key('a/absent')),
  },
  {
    name: 'put stores bytes that get returns',
    run: async (store) => {
      await store.put(key('a/b'), text.encode('hello'))
      await assertHolds(store, key('a/b'), text.encode('hello'))
    },
  },
  {
    name: 'put returns what stat and get return later',
    run: async (store) => {
      const put = await store.put(key('a'), text.encode('hello'), {
        contentType: 'text/plain',
        metadata: { name: 'a.txt' },
      })
      assert.equal(put.key, 'a')
      assert.equal(put.sizeBytes, 5)
      assert.equal(put.sha256, sha256(text.encode('hello')))
      assert.equal(put.contentType, 'text/plain')
      assert.deepEqual({ ...put.metadata }, { name: 'a.txt' })
      assert.ok(Number.isFinite(put.storedAt))
      assert.deepEqual(await store.stat(key('a')), put)
      const found = await store.get(key('a'))
      assert.deepEqual(found?.stat, put)
      await collectBody(found.body)
    },
  },
  {
    name: 'the content type is application/octet-stream when none is given',
    run: async (store) => {
      const stat = await store.put(key('a'), text.encode('x'))
      assert.equal(stat.contentType, 'application/octet-stream')
      assert.deepEqual({ ...stat.metadata }, {})
    },
  },
  {
    name: 'metadata keeps any text',
    run: async (store) => {
      const metadata = { name: 'Übersicht "2026" 漢字 \u{1f600}\n%41', 'x-1': '' }
      await store.put(key('a'), text.encode('x'), { metadata })
      assert.deepEqual({ ...(await store.stat(key('a')))?.metadata }, metadata)
    },
  },
  {
    name: 'an empty body is an object',
    run: async (store) => {
      await store.put(key('empty'), new Uint8Array(0))
      await assertHolds(store, key('empty'), new Uint8Array(0))
      await store.put(key('none'), (async function* () {})())
      await assertHolds(store, key('none'), new Uint8Array(0))
    },
  },
  {
    name: 'a large body in uneven chunks comes back byte for byte',
    run: async (store) => {
      const bytes = patternBytes(1_500_001)
      const uneven = async function* (): AsyncGenerator<Uint8Array> {
        let offset = 0
        for (let length = 1; offset < bytes.byteLength; length = (length * 7) % 90_001) {
          yield bytes.subarray(offset, offset + length)
          offset += length
        }
      }
      await store.put(key('large'), uneven())
      await assertHolds(store, key('large'), bytes)
    },
  },
  {
    name: 'a source may use its buffer again after every chunk',
    run: async (store) => {
      const buffer = new Uint8Array(4)
      const reusing = async function* (): AsyncGenerator<Uint8Array> {
        for (let round = 1; round <= 3; round += 1) yield buffer.fill(round)
      }
      await store.put(key('a'), reusing())
      await assertHolds(store, key('a'), Uint8Array.from([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]))
    },
  },
  {
    name: 'changing what was put or returned does not change what is stored',
    run: async (store) => {
      const bytes = text.encode('hello')
      const metadata: Record<string, string> = { name: 'before' }
      await store.put(key('a'), bytes, { metadata })
      bytes.fill(0)
      metadata['name'] = 'after'
      const body = await readAll(store, key('a'))
      assert.equal(body?.toString(), 'hello')
      body.fill(0)
      await assertHolds(store, key('a'), text.encode('hello'))
      assert.equal((await store.stat(key('a')))?.metadata['name'], 'before')
    },
  },
  {
    name: 'put replaces bytes, type and metadata together',
    run: async (store) => {
      await store.put(key('a'), text.encode('first one'), {
        contentType: 'text/plain',
        metadata: { name: 'one', extra: 'x' },
      })
      await store.put(key('a'), text.encode('second'), {
        contentType: 'text/csv',
        metadata: { name: 'two' },
      })
      await assertHolds(store, key('a'), text.encode('second'))
      const stat = await store.stat(key('a'))
      assert.equal(stat?.contentType, 'text/csv')
      assert.deepEqual({ ...stat.metadata }, { name: 'two' })
    },
  },
  {
    name: 'an open body keeps its version when the object is replaced or removed',
    run: async (store) => {
      const bytes = patternBytes(400_000)
      await store.put(key('a'), bytes)
      const found = await store.get(key('a'))
      const other = await store.get(key('a'))
      assert.ok(found !== null && other !== null)
      await store.put(key('a'), text.encode('new'))
      assert.equal(sha256(await collectBody(found.body)), found.stat.sha256)
      await store.remove(key('a'))
      assert.equal(sha256(await collectBody(other.body)), sha256(bytes))
    },
  },
  {
    name: 'remove says whether there was something, and leaves nothing',
    run: async (store) => {
      assert.equal(await store.remove(key('a/b')), false)
      await store.put(key('a/b'), text.encode('x'))
      assert.equal(await store.remove(key('a/b')), true)
      await assertAbsent(store, key('a/b'))
      assert.equal(await store.remove(key('a/b')), false)
      await store.put(key('a/b'), text.encode('y'))
      await assertHolds(store, key('a/b'), text.encode('y'))
    },
  },
  {
    name: 'a key and a key below it are two objects',
    run: async (store) => {
      await store.put(key('a'), text.encode('upper'))
      await store.put(key('a/b'), text.encode('lower'))
      await assertHolds(store, key('a'), text.encode('upper'))
      await assertHolds(store, key('a/b'), text.encode('lower'))
      await store.remove(key('a'))
      await assertHolds(store, key('a/b'), text.encode('lower'))
    },
  },
  {
    name: 'keys that differ in case only are two objects',
    run: async (store) => {
      await store.put(key('msg_aB'), text.encode('one'))
      await store.put(key('msg_Ab'), text.encode('two'))
      await assertHolds(store, key('msg_aB'), text.encode('one'))
      await assertHolds(store, key('msg_Ab'), text.encode('two'))
    },
  },
  {
    name: 'names that are devices on some platforms, and the longest key, are ordinary keys',
    run: async (store) => {
      const longest = `${`${'L'.repeat(120)}/`.repeat(4)}${'x'.repeat(27)}`
      const names = ['CON', 'nul.txt', 'com1/aux', `${longest}1`, `${longest}2`]
      for (const name of names) await store.put(key(name), text.encode(name))
      for (const name of names) await assertHolds(store, key(name), text.encode(name))
    },
  },
]
