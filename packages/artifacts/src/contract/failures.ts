import assert from 'node:assert/strict'
import { Readable } from 'node:stream'

import {
  assertAbsent,
  assertHolds,
  heldSource,
  key,
  listAll,
  listKeys,
  patternBytes,
  nameOf,
  rejection,
  rejectsWith,
  text,
  unchecked,
  type ArtifactStoreCase,
} from './subject.js'

const hostileKeys = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/..',
  './a',
  '.hidden',
  'a/.hidden',
  'a.',
  'a\\b',
  'C:/a',
  'a\0b',
  'a\nb',
  'a b',
  'a%2fb',
  'é',
  'a\u202eb',
  '-rf',
  '~',
  'x'.repeat(121),
  `${'a/'.repeat(256)}a`,
]

/** What fails leaves nothing. */
export const failureCases: readonly ArtifactStoreCase[] = [
  {
    name: 'every call refuses a hostile key with invalid_key',
    run: async (store) => {
      for (const hostile of hostileKeys.map(unchecked)) {
        await rejectsWith('invalid_key', store.put(hostile, text.encode('x')))
        await rejectsWith('invalid_key', store.get(hostile))
        await rejectsWith('invalid_key', store.stat(hostile))
        await rejectsWith('invalid_key', store.remove(hostile))
        if (hostile !== '') await rejectsWith('invalid_key', listAll(store, { after: hostile }))
      }
      assert.deepEqual(await listKeys(store), [])
    },
  },
  {
    name: 'list refuses a prefix that no key begins with',
    run: async (store) => {
      for (const prefix of ['/', '../', 'a/../', 'a//', '.', 'a/.', 'a b', 'a\0']) {
        await rejectsWith('invalid_key', listAll(store, { prefix }))
      }
    },
  },
  {
    name: 'put refuses malformed and over-long metadata with invalid_metadata',
    run: async (store) => {
      for (const metadata of [
        { Name: 'x' },
        { 'a b': 'x' },
        { '': 'x' },
        { name: '\ud800' },
        { name: 'x'.repeat(8192) },
      ]) {
        await rejectsWith('invalid_metadata', store.put(key('a'), text.encode('x'), { metadata }))
      }
      await assertAbsent(store, key('a'))
    },
  },
  {
    name: 'put takes exactly maxBytes and refuses one more with too_large',
    run: async (store) => {
      const bytes = patternBytes(100_000)
      await store.put(key('a'), bytes, { maxBytes: 100_000 })
      await assertHolds(store, key('a'), bytes)
      await rejectsWith('too_large', store.put(key('b'), bytes, { maxBytes: 99_999 }))
      await assertAbsent(store, key('b'))
      const chunks = Readable.from([bytes, text.encode('x')])
      await rejectsWith('too_large', store.put(key('a'), chunks, { maxBytes: 100_000 }))
      await assertHolds(store, key('a'), bytes)
    },
  },
  {
    name: 'a source that fails midway fails put with source_failed and changes nothing',
    run: async (store) => {
      const cause = new Error('broken pipe')
      const failing = async function* (): AsyncGenerator<Uint8Array> {
        yield patternBytes(70_000)
        throw cause
      }
      const error = await rejectsWith('source_failed', store.put(key('a/b/c'), failing()))
      assert.equal(error.cause, cause)
      await assertAbsent(store, key('a/b/c'))
      await store.put(key('a/b/c'), text.encode('before'))
      await rejectsWith('source_failed', store.put(key('a/b/c'), failing()))
      await assertHolds(store, key('a/b/c'), text.encode('before'))
      assert.deepEqual(await listKeys(store), ['a/b/c'])
    },
  },
  {
    name: 'an aborted signal stops every call before it does anything',
    run: async (store) => {
      await store.put(key('a'), text.encode('before'))
      const reason = { why: 'closed' }
      const signal = AbortSignal.abort(reason)
      const put = store.put(key('a'), text.encode('after'), { signal })
      assert.equal(await rejection(put), reason)
      assert.equal(await rejection(store.get(key('a'), { signal })), reason)
      assert.equal(await rejection(store.stat(key('a'), { signal })), reason)
      assert.equal(await rejection(store.remove(key('a'), { signal })), reason)
      assert.equal(await rejection(listAll(store, { signal })), reason)
      await assertHolds(store, key('a'), text.encode('before'))
    },
  },
  {
    name: 'an abort during put is noticed while the source is silent, closes it, and changes nothing',
    run: async (store) => {
      for (const before of [null, text.encode('before')]) {
        if (before !== null) await store.put(key('a/b'), before)
        const { source, held, release, isClosed } = heldSource(patternBytes(70_000))
        const controller = new AbortController()
        const put = rejection(store.put(key('a/b'), source, { signal: controller.signal }))
        await held
        const reason = new Error('stopped')
        controller.abort(reason)
        assert.equal(await put, reason)
        assert.ok(isClosed(), 'The source was not closed.')
        release()
        if (before === null) await assertAbsent(store, key('a/b'))
        else await assertHolds(store, key('a/b'), before)
      }
    },
  },
  {
    name: 'an abort during get ends the body with the reason',
    run: async (store) => {
      await store.put(key('a'), patternBytes(2_000_000))
      const controller = new AbortController()
      const found = await store.get(key('a'), { signal: controller.signal })
      assert.ok(found !== null)
      const reason = new Error('stopped')
      const reading = async (): Promise<void> => {
        for await (const _chunk of found.body) controller.abort(reason)
      }
      assert.equal(await rejection(reading()), reason)
    },
  },
  {
    name: 'a failing put closes its stream',
    run: async (store) => {
      const tooLarge = Readable.from([patternBytes(10), patternBytes(10)])
      await rejectsWith('too_large', store.put(key('a'), tooLarge, { maxBytes: 5 }))
      assert.ok(tooLarge.destroyed, 'open after too_large')
      const hostile = Readable.from([patternBytes(10)])
      await rejectsWith('invalid_key', store.put(unchecked('../a'), hostile))
      assert.ok(hostile.destroyed, 'open after invalid_key')
    },
  },
  {
    name: 'a chunk that is not bytes fails put and stores nothing',
    run: async (store) => {
      const strings = Readable.from(['text'])
      assert.equal(nameOf(await rejection(store.put(key('a'), strings))), 'TypeError')
      await assertAbsent(store, key('a'))
    },
  },
]
