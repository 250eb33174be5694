import assert from 'node:assert/strict'

import { type ArtifactCatalogCase, all, entryOf, pathsOf } from './catalog-subject.js'
import { sweepingCases } from './catalog-sweeping.js'

export type { ArtifactCatalogCase, ArtifactCatalogSubject } from './catalog-subject.js'

/** Every promise of `ArtifactCatalog`. */
export const artifactCatalogContract: readonly ArtifactCatalogCase[] = [
  {
    name: 'what was recorded comes back as it was, with everything that is unusual about it',
    run: async ({ catalog, another }) => {
      const entries = [
        entryOf('1', 'a/b.txt'),
        entryOf('1', `${'ä 漢 🙂 '.repeat(500)}"'\\.md`, {
          conversationId: null,
          name: '🙂.md',
          sizeBytes: 5_000_000_000_000,
          trusted: true,
          storedAt: 1_700_000_000_001,
          provenance: { source: 'server', tool: 'apply_patch', callId: null, sessionId: null },
        }),
      ]
      await catalog.record(entries)
      assert.deepEqual(await all(another(), { turnId: '1' }), entries)
      for (const entry of entries) assert.deepEqual(await another().find('1', entry.id), entry)
    },
  },
  {
    name: 'a file is found in its own turn only',
    run: async ({ catalog }) => {
      const entry = entryOf('1', 'a.txt')
      await catalog.record([entry])
      assert.equal(await catalog.find('2', entry.id), null)
      assert.equal(await catalog.find('1', `${entry.id.slice(0, 33)}${'0'.repeat(32)}`), null)
      assert.equal(await catalog.find('1', ''), null)
      assert.equal((await catalog.find(1n, entry.id))?.path, 'a.txt')
    },
  },
  {
    name: 'turns whose ids differ in case only are two',
    run: async ({ catalog }) => {
      for (const turnId of ['a', 'A']) await catalog.record([entryOf(turnId, 'x')])
      for (const turnId of ['a', 'A']) {
        assert.deepEqual(
          (await all(catalog, { turnId })).map((each) => each.turnId),
          [turnId],
        )
      }
    },
  },
  {
    name: 'a turn has one row for a path: the last one recorded',
    run: async ({ catalog, another }) => {
      const [one, two] = [entryOf('1', 'a'), entryOf('1', 'a', { key: 'k2' })]
      await catalog.record([one])
      await another().record([two])
      await another().record([two])
      assert.deepEqual(await all(catalog, { turnId: '1' }), [two])
      assert.equal(await catalog.find('1', one.id), null)
      await catalog.record([entryOf('2', 'b'), entryOf('2', 'b', { key: 'k3' })])
      assert.deepEqual(
        (await all(catalog, { turnId: '2' })).map(({ key }) => key),
        ['k3'],
      )
    },
  },
  {
    name: 'list gives the files of a turn, of a conversation, or all, the oldest first, however many',
    run: async ({ catalog }) => {
      const many = Array.from({ length: 450 }, (_, index) =>
        entryOf(String(index % 3), `f${index}`, {
          conversationId: index % 3 === 2 ? 'other' : 'c',
          storedAt: 1_700_000_000_000 + Math.floor(index / 10),
        }),
      )
      await catalog.record(many)
      const everything = await all(catalog, 'all')
      assert.deepEqual(pathsOf(everything).sort(), pathsOf(many).sort())
      assert.ok(
        everything.every((each, at) => each.storedAt >= (everything[at - 1]?.storedAt ?? 0)),
      )
      assert.equal((await all(catalog, { turnId: 1 })).length, 150)
      assert.equal((await all(catalog, { conversationId: 'c' })).length, 300)
      assert.deepEqual(await all(catalog, { conversationId: 'none' }), [])
    },
  },
  {
    name: 'remove takes the rows of one owner and leaves the others',
    run: async ({ catalog }) => {
      await catalog.record([entryOf('1', 'a'), entryOf('1', 'b'), entryOf('2', 'a')])
      await catalog.record([entryOf('3', 'a', { conversationId: 'other' })])
      assert.equal(await catalog.remove({ turnId: '1' }), 2)
      assert.equal(await catalog.remove({ turnId: '1' }), 0)
      assert.deepEqual((await all(catalog, 'all')).map(({ turnId }) => turnId).sort(), ['2', '3'])
      assert.equal(await catalog.remove({ conversationId: 'c' }), 1)
      assert.deepEqual(
        (await all(catalog, 'all')).map(({ turnId }) => turnId),
        ['3'],
      )
    },
  },
  {
    name: 'removeEntries removes only rows that are still the same',
    run: async ({ catalog }) => {
      const [one, two] = [entryOf('1', 'a'), entryOf('1', 'a', { key: 'k2' })]
      await catalog.record([two])
      assert.equal(await catalog.removeEntries([one]), 0)
      // Its bytes were stored again, after somebody found that they are gone.
      assert.equal(await catalog.removeEntries([{ ...two, storedAt: two.storedAt - 1 }]), 0)
      assert.equal(await catalog.removeEntries([two]), 1)
      assert.deepEqual(await all(catalog, 'all'), [])
    },
  },
  ...sweepingCases,
]
