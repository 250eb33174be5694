import { databases } from '@turnstead-internal/databases'
import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import fc from 'fast-check'
import { after, before, describe, it } from 'mocha'
import { createFakeUpstream, createGate } from '../src/contract/fake-upstream.js'
import type { FakeUpstream } from '../src/contract/fake-upstream.js'
import { createSessionStore } from '../src/index.js'
import type { SessionUpstream } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const createMs = 1000

/** What happens to one worker at its n-th call upstream. Paused ones go on when all others are through. */
interface Fate {
  readonly verb: 'ensure' | 'recreate'
  readonly atCall: number
  readonly when: 'before' | 'after'
  readonly what: 'pause' | 'fail'
}

const fate: fc.Arbitrary<Fate> = fc.record({
  verb: fc.constantFrom('ensure', 'recreate'),
  atCall: fc.integer({ min: 1, max: 4 }),
  when: fc.constantFrom('before', 'after'),
  what: fc.constantFrom('pause', 'fail'),
})

describe('ensureSession and recreateSession', () => {
  const kind = databases.find(({ name }) => name === 'sqlite')
  if (kind === undefined) throw new Error('SQLite is always there')
  let rows: Rows
  before(async () => {
    rows = await openRows(kind)
  })
  after(() => rows.close())

  it('leave one session beside reported orphans, however their workers fail or stall and go on later', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { maxLength: 5 }), async (fates) => {
        const upstream = createFakeUpstream()
        const clock = createManualClock(1)
        const orphans = new Set<string>()
        const store = createSessionStore({
          knex: rows.knex,
          clock,
          createMs,
          onOrphan: ({ sessionId }) => orphans.add(sessionId),
        })
        const conversationId = await rows.insertConversation()
        const late: (() => Promise<unknown>)[] = []
        for (const each of fates) {
          const gate = createGate()
          const fated = withFate(upstream, each, gate.pass)
          const present = await rows.knex('conversations').where({ id: conversationId }).first()
          const stale = String(present.opencode_session_id)
          const result = (
            each.verb === 'ensure'
              ? store.ensureSession(conversationId, fated)
              : store.recreateSession(conversationId, stale, fated)
          ).catch((error: unknown) => error)
          const isPaused = await Promise.race([
            gate.reached.then(() => true),
            result.then(() => false),
          ])
          if (isPaused) {
            late.push(() => {
              gate.open()
              return result
            })
          }
          await clock.advance(createMs + 1)
        }
        const last = await store.ensureSession(conversationId, upstream)
        const results = await Promise.all(late.map((goOn) => goOn()))
        const left = [...upstream.sessions.keys()].filter((id) => !orphans.has(id))
        expect(left).to.deep.equal([last.sessionId])
        expect(orphans).not.to.include(last.sessionId)
        for (const result of results) {
          expect(result).to.include({ sessionId: last.sessionId, created: false })
        }
      }),
      { numRuns: 150 },
    )
  })
})

function withFate(
  upstream: FakeUpstream,
  { atCall, when, what }: Fate,
  pass: () => Promise<void>,
): SessionUpstream {
  let calls = 0
  const meet = async <Value>(act: () => Promise<Value>): Promise<Value> => {
    calls += 1
    const strike = async (): Promise<void> => {
      if (what === 'fail') throw new Error('struck')
      await pass()
    }
    const isStruck = calls === atCall
    if (isStruck && when === 'before') await strike()
    const value = await act()
    if (isStruck && when === 'after') await strike()
    return value
  }
  return {
    create: (request) => meet(() => upstream.create(request)),
    delete: (sessionId) => meet(() => upstream.delete(sessionId)),
    find: (key) => meet(() => upstream.find(key)),
    abort: (sessionId) => upstream.abort(sessionId),
  }
}
