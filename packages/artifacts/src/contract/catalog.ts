import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'

import type { ArtifactCatalog, ArtifactOwner, CatalogEntry } from '../catalog/catalog.js'

/** A catalog under test with its clock; every case gets a fresh one. */
export interface ArtifactCatalogSubject {
  readonly catalog: ArtifactCatalog
  /** The same rows as another process has them. */
  readonly another: () => ArtifactCatalog
  /** Moves the clock forward. */
  readonly advance: (ms: number) => void
}

/** One promise of {@link ArtifactCatalog}, as a check that any test runner can run. */
export interface ArtifactCatalogCase {
  /** The promise, as a sentence. */
  readonly name: string
  /** Rejects when the catalog breaks the promise. */
  readonly run: (subject: ArtifactCatalogSubject) => Promise<void>
}

type Owner = ArtifactOwner | 'all'

const sweep = { olderThanMs: 1_000, leaseMs: 10_000, limit: 100 }

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

function entryOf(turnId: string, path: string, more: Partial<CatalogEntry> = {}): CatalogEntry {
  const sha256 = digest(more.key ?? path)
  const id = `${digest(path).slice(0, 32)}-${sha256.slice(0, 32)}`
  return {
    id,
    key: `messages/${turnId}/${id}`,
    turnId,
    conversationId: 'c',
    path,
    name: path.split('/').at(-1) ?? path,
    contentType: 'text/plain',
    sizeBytes: 5,
    sha256,
    provenance: { source: 'disk', tool: 'write', callId: 'call_1', sessionId: 'ses_1' },
    trusted: false,
    storedAt: 1_700_000_000_000,
    ...more,
  }
}

async function all(catalog: ArtifactCatalog, owner: Owner): Promise<CatalogEntry[]> {
  const found: CatalogEntry[] = []
  for await (const entry of catalog.list(owner)) found.push(entry)
  return found
}

const pathsOf = (entries: readonly CatalogEntry[]): string[] => entries.map(({ path }) => path)

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
