import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { readdir } from 'node:fs/promises'

import { createDiskStore } from '../src/disk.js'
import { ArtifactError } from '../src/errors.js'
import { parseArtifactKey } from '../src/store/key.js'
import { createMemoryStore } from '../src/memory.js'
import type { ArtifactStore } from '../src/store/store.js'
import { makeTempDir } from './support/temp-dir.js'

type Step =
  | {
      readonly kind: 'put'
      readonly key: string
      readonly body: Uint8Array
      readonly ifAbsent: boolean
    }
  | { readonly kind: 'get' | 'remove'; readonly key: string }
  | { readonly kind: 'range'; readonly key: string; readonly start: number; readonly end: number }
  | {
      readonly kind: 'list'
      readonly prefix: string
      readonly after: string
      readonly limit: number
    }

const key = fc
  .array(fc.constantFrom('a', 'A', 'a-', 'a.b', 'a=', 'b', '0'), { minLength: 1, maxLength: 3 })
  .map((segments) => segments.join('/'))
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    key,
    body: fc.uint8Array({ maxLength: 50 }),
    ifAbsent: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom('get' as const, 'remove' as const), key }),
  fc.record({ kind: fc.constant('range' as const), key, start: fc.nat(60), end: fc.nat(60) }),
  fc.record({
    kind: fc.constant('list' as const),
    prefix: fc.oneof(
      fc.constant(''),
      key,
      key.map((each) => `${each}/`),
    ),
    after: key,
    limit: fc.nat(5),
  }),
)

/** What a caller sees of one step, without the time. */
async function seen(store: ArtifactStore, each: Step): Promise<unknown> {
  try {
    switch (each.kind) {
      case 'put': {
        const { ifAbsent, body } = each
        const stat = await store.put(parseArtifactKey(each.key), body, {
          ifAbsent,
          metadata: { size: String(body.byteLength) },
        })
        return { ...stat, storedAt: 0 }
      }
      case 'remove':
        return await store.remove(parseArtifactKey(each.key))
      case 'get':
      case 'range': {
        const range = each.kind === 'range' ? { start: each.start, end: each.end } : undefined
        const found = await store.get(parseArtifactKey(each.key), { range })
        if (found === null) return null
        const chunks: Uint8Array[] = []
        for await (const chunk of found.body) chunks.push(chunk)
        return { stat: { ...found.stat, storedAt: 0 }, body: Buffer.concat(chunks).toString('hex') }
      }
      case 'list': {
        const stats = []
        const { prefix, limit } = each
        const options = { prefix, limit, after: parseArtifactKey(each.after) }
        for await (const stat of store.list(options)) stats.push({ ...stat, storedAt: 0 })
        return stats
      }
    }
  } catch (error) {
    return ArtifactError.is(error) ? error.code : (error as Error).name
  }
}

describe('disk store and memory store', () => {
  it('show a caller the same, whatever the calls', async function () {
    this.timeout(60_000)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { path, remove } = await makeTempDir()
        try {
          const memory = createMemoryStore()
          const disk = createDiskStore({ root: path })
          for (const each of steps) {
            expect(await seen(disk, each)).to.deep.equal(await seen(memory, each))
          }
          for await (const { key: left } of memory.list()) await disk.remove(left)
          expect(await readdir(path)).to.deep.equal([])
        } finally {
          await remove()
        }
      }),
      { numRuns: 60 },
    )
  })
})
