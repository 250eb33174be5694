import { databases } from '@turnstead-internal/databases'
import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import fc from 'fast-check'
import { after, before, describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed, firstPrompt, partial } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { RowId, SessionStore, Lease } from '../src/index.js'
import { createLeaseModel } from './support/lease-model.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const leaseMs = 1000
const owners = ['worker-1', 'worker-2']

type Step =
  | {
      readonly verb: 'claim'
      readonly turn: number
      readonly owner: number
      readonly life: number
    }
  | { readonly verb: 'adopt'; readonly turn: number; readonly lease: number }
  | {
      readonly verb:
        | 'renew'
        | 'release'
        | 'snapshot'
        | 'settle'
        | 'keepPartial'
        | 'recordPrompt'
        | 'closeTurn'
      readonly lease: number
    }
  | { readonly verb: 'cancel'; readonly turn: number }
  | { readonly verb: 'remove'; readonly turn: number }
  | { readonly verb: 'sweep' }
  | { readonly verb: 'advance'; readonly ms: number }

const turn = fc.integer({ min: 0, max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      verb: fc.constant('claim'),
      turn,
      owner: fc.nat(1),
      life: fc.nat(1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('adopt'), turn, lease: fc.nat(3) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      verb: fc.constantFrom(
        'renew',
        'release',
        'snapshot',
        'settle',
        'keepPartial',
        'recordPrompt',
        'closeTurn',
      ),
      lease: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('cancel'), turn }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('remove'), turn }) },
  { weight: 2, arbitrary: fc.constant({ verb: 'sweep' } as const) },
  {
    weight: 3,
    arbitrary: fc.record({
      verb: fc.constant('advance'),
      ms: fc.constantFrom(1, leaseMs * 0.3, leaseMs / 2, leaseMs - 1, leaseMs, leaseMs * 3),
    }),
  },
)

/** Two turns of one conversation and one of another. */
interface World {
  /** The same worker's, in two lives of its process. */
  readonly stores: readonly [SessionStore, SessionStore]
  readonly turns: readonly { readonly conversationId: RowId; readonly turnId: RowId }[]
  readonly leases: Lease[]
}

describe('the verbs of a lease', () => {
  for (const { kind, numRuns } of [
    { kind: databases.find(({ name }) => name === 'sqlite'), numRuns: 60 },
    { kind: databases.find(({ name }) => name === 'postgresql'), numRuns: 15 },
  ]) {
    if (kind === undefined) continue
    if (kind.skip !== null) {
      it(`agree with the model on ${kind.name} (skipped: ${kind.skip})`)
      continue
    }
    describe(`on ${kind.name}`, () => {
      let rows: Rows
      before(async () => {
        rows = await openRows(kind)
      })
      after(() => rows.close())

      it('agree with the model in any order', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
            const clock = createManualClock(1)
            const world: World = {
              stores: [
                createSessionStore({ knex: rows.knex, clock, instance: 'first' }),
                createSessionStore({ knex: rows.knex, clock, instance: 'second' }),
              ],
              turns: await insertTurns(rows),
              leases: [],
            }
            const model = createLeaseModel(world.turns)
            for (const each of steps) {
              if (each.verb === 'advance') {
                await clock.advance(each.ms)
                continue
              }
              const [actual, expected] = await act(world, model, each, clock.now())
              expect(sorted(actual), each.verb).to.deep.equal(sorted(expected))
            }
            for (const { turnId } of world.turns) {
              const record = await world.stores[0].read(turnId)
              const { status, text, isClosed } = model.turnOf(turnId)
              expect(record).to.deep.include({ status, text })
              expect(record?.closedAt !== null).to.equal(isClosed)
            }
          }),
          { numRuns },
        )
      })
    })
  }
})

/** The order in which a sweep finds leases is not the model's. */
function sorted(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('freed' in answer)) return answer
  return { ...answer, freed: (answer.freed as RowId[]).map(String).toSorted() }
}

async function insertTurns(rows: Rows): Promise<World['turns']> {
  const one = await rows.insertConversation()
  const other = await rows.insertConversation()
  const turns = []
  for (const conversationId of [one, one, other]) {
    turns.push({ conversationId, turnId: await rows.insertTurn(conversationId) })
  }
  return turns
}

/** What the store answered, and what the model says that it must answer. */
async function act(
  { stores, turns, leases }: World,
  model: ReturnType<typeof createLeaseModel>,
  step: Exclude<Step, { verb: 'advance' }>,
  now: number,
): Promise<[unknown, unknown]> {
  const [store] = stores
  if (step.verb === 'claim') {
    const ids = turns[step.turn]!
    const owner = owners[step.owner]!
    const result = await stores[step.life]!.claim({ ...ids, owner, leaseMs })
    if (result.claimed) leases.push(result.lease)
    const answer = result.claimed
      ? { fence: result.lease.fence, leftovers: result.leftovers.map(({ turnId }) => turnId) }
      : { reason: result.reason, heldUntil: result.heldUntil, sameOwner: result.sameOwner }
    return [answer, model.claim({ ...ids, owner, life: step.life, now, leaseMs })]
  }
  if (step.verb === 'cancel' || step.verb === 'remove') {
    const { conversationId, turnId } = turns[step.turn]!
    if (step.verb === 'cancel') {
      return [await store.cancel({ turnId }), model.cancel(turnId, now)]
    }
    const removed = await store.removeConversation(conversationId, createFakeUpstream())
    return [removed?.cancelledTurns, model.remove(conversationId, now)]
  }
  if (step.verb === 'sweep') return [await sweep(store, turns), model.sweep(now, leaseMs)]
  const lease = leases.at(-1 - step.lease)
  if (lease === undefined) return [null, null]
  if (step.verb === 'adopt') {
    const { turnId } = turns[step.turn]!
    const adopted = await store.adopt(lease, turnId)
    if (adopted !== null) leases.push(adopted.lease)
    return [adopted !== null, model.adopt(lease, turnId)]
  }
  switch (step.verb) {
    case 'renew':
      return [await store.renew(lease, { leaseMs }), model.renew(lease, now + leaseMs)]
    case 'release':
      return [await store.release(lease), model.release(lease)]
    case 'snapshot':
      return [
        await store.snapshot(lease, { reply: {}, text: `at ${now}` }),
        model.write(lease, 'running', { text: `at ${now}` }),
      ]
    case 'recordPrompt':
      return [
        await store.recordPrompt(lease, firstPrompt),
        model.write(lease, 'running', { hasPrompt: true }),
      ]
    case 'settle':
      return [await store.settle(lease, completed), model.settle(lease, completed.text, now)]
    case 'closeTurn':
      return [await store.closeTurn(lease), model.close(lease)]
    case 'keepPartial':
      return [
        await store.keepPartial(lease, partial),
        model.write(lease, 'cancelled', { text: partial.text }),
      ]
  }
}

/** What a sweep says of these turns; rows of other runs are there, too. */
async function sweep(store: SessionStore, turns: World['turns']): Promise<unknown> {
  const report = await store.sweep({
    limit: 10_000,
    expiredOlderThanMs: leaseMs,
    pendingOlderThanMs: leaseMs,
    unclosedOlderThanMs: leaseMs,
  })
  const conversations = new Set(turns.map(({ conversationId }) => conversationId))
  const which = (found: readonly { readonly turnId: RowId }[]): RowId[] =>
    turns.map(({ turnId }) => turnId).filter((id) => found.some(({ turnId }) => turnId === id))
  return {
    freed: report.freedLeases
      .map(({ conversationId }) => conversationId)
      .filter((id) => conversations.has(id)),
    stranded: which(report.strandedTurns),
    pending: which(report.pendingTurns),
    unclosed: which(report.unclosedTurns),
  }
}
