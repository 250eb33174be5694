import assert from 'node:assert/strict'

import {
  assertAbsent,
  assertHolds,
  collectBody,
  heldSource,
  key,
  patternBytes,
  rejectsWith,
  sha256,
  text,
  type ArtifactStoreCase,
} from './subject.js'
import { ArtifactError } from '../errors.js'

/** What happens at once happens whole. */
export const concurrencyCases: readonly ArtifactStoreCase[] = [
  {
    name: 'nothing is visible of an object before its put is done',
    run: async (store) => {
      const { source, held, release } = heldSource(patternBytes(300_000))
      const put = store.put(key('a/b'), source)
      await held
      await assertAbsent(store, key('a/b'))
      release()
      await put
      await assertHolds(store, key('a/b'), patternBytes(300_000))
    },
  },
  {
    name: 'of many puts at once one wins whole, and readers see only whole objects',
    run: async (store) => {
      const bodies = Array.from({ length: 8 }, (_, index) =>
        patternBytes(50_000 + index * 1000).fill(index, 0, 100),
      )
      const puts = bodies.map(async (body, index) =>
        store.put(key('a'), body, { metadata: { n: String(index) } }),
      )
      const reads = Array.from({ length: 8 }, async () => {
        const found = await store.get(key('a'))
        if (found === null) return
        const bytes = await collectBody(found.body)
        assert.equal(sha256(bytes), found.stat.sha256)
        assert.equal(found.stat.metadata['n'], String(bytes[0]))
      })
      await Promise.all([...puts, ...reads])
      const stat = await store.stat(key('a'))
      const winner = bodies[Number(stat?.metadata['n'])]
      assert.ok(winner !== undefined)
      await assertHolds(store, key('a'), winner)
    },
  },
  {
    name: 'put with ifAbsent stores into a free key and refuses a taken one with already_exists',
    needs: 'if-absent',
    run: async (store) => {
      await store.put(key('a'), text.encode('first'), { ifAbsent: true })
      const again = store.put(key('a'), text.encode('second'), { ifAbsent: true })
      await rejectsWith('already_exists', again)
      await assertHolds(store, key('a'), text.encode('first'))
    },
  },
  {
    name: 'of many puts with ifAbsent at once exactly one succeeds',
    needs: 'if-absent',
    run: async (store) => {
      const bodies = Array.from({ length: 8 }, (_, index) => text.encode(`body ${index}`))
      const outcomes = await Promise.allSettled(
        bodies.map(async (body) => store.put(key('x/y'), body, { ifAbsent: true })),
      )
      const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
      assert.equal(won.length, 1)
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') continue
        assert.ok(ArtifactError.is(outcome.reason))
        assert.equal(outcome.reason.code, 'already_exists')
      }
      const stat = await store.stat(key('x/y'))
      assert.equal(stat?.sha256, won[0]?.value.sha256)
    },
  },
  {
    name: 'an ifAbsent put that started first loses to an object that was stored meanwhile',
    needs: 'if-absent',
    run: async (store) => {
      const { source, held, release } = heldSource(text.encode('slow'))
      const slow = store.put(key('a'), source, { ifAbsent: true })
      await held
      await store.put(key('a'), text.encode('quick'))
      release()
      await rejectsWith('already_exists', slow)
      await assertHolds(store, key('a'), text.encode('quick'))
    },
  },
  {
    name: 'puts and removes of neighbours do not disturb each other',
    run: async (store) => {
      const rounds = Array.from({ length: 12 }, async (_, index) => {
        const at = key(`deep/folder/${index}`)
        await store.put(at, text.encode(String(index)))
        assert.equal(await store.remove(at), true)
        await store.put(at, text.encode(`again ${index}`))
      })
      await Promise.all(rounds)
      for (let index = 0; index < 12; index += 1) {
        await assertHolds(store, key(`deep/folder/${index}`), text.encode(`again ${index}`))
      }
    },
  },
]
