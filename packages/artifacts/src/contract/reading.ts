import assert from 'node:assert/strict'

import {
  assertBytes,
  key,
  listAll,
  listKeys,
  patternBytes,
  readAll,
  nameOf,
  rejection,
  rejectsWith,
  text,
  type ArtifactStoreCase,
} from './subject.js'

/** Keys whose order goes wrong when folders, case or bytes are compared in another way. */
const trickyKeys = [
  'A',
  'B/a',
  'a',
  'a-b',
  'a-b/c',
  'a.txt',
  'a/b',
  'a/b/c',
  'a/c',
  'a0',
  'a=',
  'aB',
  'a_',
  'ab',
  'b/a',
  'b0/a',
]

/** Ranges, listing and signed URLs. */
export const readingCases: readonly ArtifactStoreCase[] = [
  {
    name: 'a range gives its bytes, both ends included, and the stat of the whole',
    needs: 'range',
    run: async (store) => {
      const bytes = patternBytes(200_000)
      await store.put(key('a'), bytes)
      for (const range of [
        { start: 0, end: 0 },
        { start: 65_535, end: 131_072 },
        { start: 199_999 },
        { start: 10, end: 900_000 },
        { start: 0 },
      ]) {
        const expected = bytes.subarray(range.start, (range.end ?? 200_000) + 1)
        assertBytes(await readAll(store, key('a'), { range }), expected)
      }
      const found = await store.get(key('a'), { range: { start: 5, end: 6 } })
      found?.body.destroy()
      assert.equal(found?.stat.sizeBytes, 200_000)
    },
  },
  {
    name: 'a range outside the object fails with range_not_satisfiable',
    needs: 'range',
    run: async (store) => {
      await store.put(key('a'), text.encode('12345'))
      await store.put(key('empty'), new Uint8Array(0))
      const outside = { range: { start: 5 } }
      await rejectsWith('range_not_satisfiable', store.get(key('a'), outside))
      await rejectsWith('range_not_satisfiable', store.get(key('empty'), { range: { start: 0 } }))
      assert.equal(await store.get(key('absent'), outside), null)
    },
  },
  {
    name: 'a malformed range is a RangeError',
    needs: 'range',
    run: async (store) => {
      await store.put(key('a'), text.encode('12345'))
      for (const range of [{ start: -1 }, { start: 0.5 }, { start: 3, end: 2 }, { start: NaN }]) {
        assert.equal(nameOf(await rejection(store.get(key('a'), { range }))), 'RangeError')
      }
    },
  },
  {
    name: 'list of an empty store is empty',
    run: async (store) => assert.deepEqual(await listKeys(store), []),
  },
  {
    name: 'list gives every object in the order of its key, with its stat',
    run: async (store) => {
      for (const name of trickyKeys.toReversed()) {
        await store.put(key(name), text.encode(name), { metadata: { name } })
      }
      const stats = await listAll(store)
      assert.deepEqual(
        stats.map((stat) => stat.key),
        trickyKeys.toSorted(),
      )
      for (const stat of stats) {
        assert.deepEqual(stat, await store.stat(stat.key))
        assert.equal(stat.metadata['name'], stat.key)
      }
    },
  },
  {
    name: 'list has no limit of its own',
    run: async (store) => {
      const names = Array.from({ length: 150 }, (_, index) => `many/${1000 + index}`)
      await Promise.all(names.map(async (name) => store.put(key(name), text.encode('x'))))
      assert.deepEqual(await listKeys(store), names)
    },
  },
  {
    name: 'a prefix is the beginning of the text of a key',
    run: async (store) => {
      for (const name of trickyKeys) await store.put(key(name), text.encode('x'))
      for (const prefix of ['', 'a', 'a/', 'a/b', 'a-', 'a-b', 'a-b/', 'b', 'B', 'zzz', 'a/zzz/']) {
        const expected = trickyKeys.filter((name) => name.startsWith(prefix)).toSorted()
        assert.deepEqual(await listKeys(store, { prefix }), expected, `prefix ${prefix}`)
      }
    },
  },
  {
    name: 'pages of every size, joined, are the whole list',
    run: async (store) => {
      for (const name of trickyKeys) await store.put(key(name), text.encode('x'))
      const expected = trickyKeys.filter((name) => name.startsWith('a')).toSorted()
      for (const limit of [1, 2, 3, 5, 100]) {
        const joined: string[] = []
        for (;;) {
          const last = joined.at(-1)
          const page = await listKeys(store, {
            prefix: 'a',
            limit,
            ...(last === undefined ? {} : { after: key(last) }),
          })
          assert.ok(page.length <= limit)
          joined.push(...page)
          if (page.length < limit) break
        }
        assert.deepEqual(joined, expected, `limit ${limit}`)
      }
      assert.deepEqual(await listKeys(store, { limit: 0 }), [])
    },
  },
  {
    name: 'after need not be a key that exists',
    run: async (store) => {
      for (const name of ['a/b', 'a/d', 'b']) await store.put(key(name), text.encode('x'))
      assert.deepEqual(await listKeys(store, { after: key('a/c') }), ['a/d', 'b'])
      assert.deepEqual(await listKeys(store, { after: key('a') }), ['a/b', 'a/d', 'b'])
      assert.deepEqual(await listKeys(store, { after: key('c') }), [])
    },
  },
  {
    name: 'list goes on when objects vanish underneath it',
    run: async (store) => {
      for (const name of ['a', 'b/c', 'b/d', 'e']) await store.put(key(name), text.encode('x'))
      const seen: string[] = []
      for await (const stat of store.list()) {
        seen.push(stat.key)
        await store.remove(key('b/c'))
      }
      assert.deepEqual(
        seen.filter((name) => name !== 'b/c'),
        ['a', 'b/d', 'e'],
      )
    },
  },
  {
    name: 'an abort ends a list with the reason',
    run: async (store) => {
      for (const name of ['a', 'b', 'c']) await store.put(key(name), text.encode('x'))
      const controller = new AbortController()
      const reason = new Error('stopped')
      const walking = async (): Promise<void> => {
        for await (const _stat of store.list({ signal: controller.signal })) {
          controller.abort(reason)
        }
      }
      assert.equal(await rejection(walking()), reason)
    },
  },
  {
    name: 'a capability that is claimed works, and one that is not fails with unsupported',
    run: async (store) => {
      await store.put(key('a'), text.encode('x'))
      if (!store.capabilities.includes('if-absent')) {
        const put = store.put(key('b'), text.encode('x'), { ifAbsent: true })
        await rejectsWith('unsupported', put)
      }
      if (!store.capabilities.includes('range')) {
        await rejectsWith('unsupported', store.get(key('a'), { range: { start: 0 } }))
      }
      assert.equal('signUrl' in store, store.capabilities.includes('sign-url'))
      const url = await store.signUrl?.(key('a'), { expiresInMs: 60_000 })
      assert.ok(url === undefined || URL.canParse(url))
    },
  },
]
