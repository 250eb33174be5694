import assert from 'node:assert/strict'

import { type ArtifactCatalogCase, entryOf, sweep } from './catalog-subject.js'

/** What is promised of bytes that no row refers to. */
export const sweepingCases: readonly ArtifactCatalogCase[] = [
  {
    name: 'bytes whose row was never written are found, once they are old',
    run: async ({ catalog, another, advance }) => {
      assert.deepEqual(await catalog.announce(['k1', 'k2', 'k1']), [])
      assert.deepEqual(await another().takeUnreferenced(sweep), [])
      advance(sweep.olderThanMs)
      assert.deepEqual([...(await another().takeUnreferenced(sweep))].sort(), ['k1', 'k2'])
    },
  },
  {
    name: 'what is announced again is young again',
    run: async ({ catalog, advance }) => {
      await catalog.announce(['k1'])
      advance(sweep.olderThanMs - 1)
      await catalog.announce(['k1'])
      advance(1)
      assert.deepEqual(await catalog.takeUnreferenced(sweep), [])
    },
  },
  {
    name: 'bytes that a row refers to are never taken, and no longer looked at',
    run: async ({ catalog, advance }) => {
      const [mine, copy] = [entryOf('1', 'a'), entryOf('2', 'a', { key: entryOf('1', 'a').key })]
      await catalog.announce([mine.key])
      await catalog.record([mine, copy])
      advance(sweep.olderThanMs)
      assert.deepEqual(await catalog.takeUnreferenced(sweep), [])
      await catalog.remove({ turnId: '1' })
      advance(sweep.olderThanMs)
      assert.deepEqual(await catalog.takeUnreferenced(sweep), [], 'another row refers to it')
      await catalog.remove({ turnId: '2' })
      advance(sweep.olderThanMs)
      assert.deepEqual(await catalog.takeUnreferenced(sweep), [mine.key])
    },
  },
  {
    name: 'many keys that rows refer to hide none that has no row',
    run: async ({ catalog, advance }) => {
      const rows = Array.from({ length: 5 }, (_, index) => entryOf('1', `f${index}`))
      for (const { key } of rows) await catalog.announce([key])
      await catalog.record(rows)
      advance(1)
      await catalog.announce(['k1'])
      advance(sweep.olderThanMs)
      assert.deepEqual(await catalog.takeUnreferenced({ ...sweep, limit: 2 }), ['k1'])
    },
  },
  {
    name: 'bytes whose row was replaced are found',
    run: async ({ catalog, advance }) => {
      const [one, two] = [entryOf('1', 'a'), entryOf('1', 'a', { key: 'k2' })]
      await catalog.record([one])
      await catalog.record([two])
      advance(sweep.olderThanMs)
      assert.deepEqual(await catalog.takeUnreferenced(sweep), [one.key])
    },
  },
  {
    name: 'of many that take at once each key goes to one, and to another when that one died',
    run: async ({ catalog, another, advance }) => {
      const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
      await catalog.announce(keys)
      advance(sweep.olderThanMs)
      const takers = [catalog, another(), another(), another()]
      const taken = await Promise.all(takers.map((each) => each.takeUnreferenced(sweep)))
      assert.deepEqual(taken.flat().sort(), [...keys].sort())
      assert.deepEqual(await catalog.takeUnreferenced(sweep), [])
      advance(sweep.leaseMs)
      assert.equal((await another().takeUnreferenced(sweep)).length, 20)
    },
  },
  {
    name: 'announce says what is being removed, until it is gone',
    run: async ({ catalog, another, advance }) => {
      await catalog.announce(['k1'])
      advance(sweep.olderThanMs)
      await catalog.takeUnreferenced(sweep)
      assert.deepEqual(await another().announce(['k1', 'k2']), ['k1'])
      await catalog.forget(['k1'])
      assert.deepEqual(await another().announce(['k1', 'k2']), [])
    },
  },
  {
    name: 'takeUnreferenced takes no more than its limit, the oldest first',
    run: async ({ catalog, advance }) => {
      for (const key of ['k1', 'k2', 'k3']) {
        await catalog.announce([key])
        advance(1)
      }
      advance(sweep.olderThanMs)
      assert.deepEqual([...(await catalog.takeUnreferenced({ ...sweep, limit: 2 }))], ['k1', 'k2'])
      assert.deepEqual(await catalog.takeUnreferenced(sweep), ['k3'])
    },
  },
  {
    name: 'forget leaves alone what nobody removes',
    run: async ({ catalog, advance }) => {
      await catalog.announce(['k1'])
      await catalog.forget(['k1'])
      advance(sweep.olderThanMs)
      assert.deepEqual(await catalog.takeUnreferenced(sweep), ['k1'])
    },
  },
]
