import { databases } from '@turnstead-internal/databases'
import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import fc from 'fast-check'
import { after, before, describe, it } from 'mocha'
import { completed, partial } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { Lease, RowId, SessionStore } from '../src/index.js'
import { createLeaseModel } from './support/lease-model.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const leaseMs = 1000
const owners = ['worker-1', 'worker-2']

type Step =
  | { readonly verb: 'claim'; readonly turn: number; readonly owner: number }
  | {
      readonly verb: 'renew' | 'release' | 'snapshot' | 'settle' | 'keepPartial' | 'recordPrompt'
      readonly lease: number
    }
  | { readonly verb: 'cancel'; readonly turn: number }
  | { readonly verb: 'advance'; readonly ms: number }

const turn = fc.integer({ min: 0, max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('claim'), turn, owner: fc.nat(1) }) },
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
      ),
      lease: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('cancel'), turn }) },
  {
    weight: 3,
    arbitrary: fc.record({
      verb: fc.constant('advance'),
      ms: fc.constantFrom(1, leaseMs / 2, leaseMs - 1, leaseMs, leaseMs * 3),
    }),
  },
)

/** Two turns of one conversation and one of another. */
interface World {
  readonly store: SessionStore
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
              store: createSessionStore({ knex: rows.knex, clock }),
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
              expect(actual, each.verb).to.deep.equal(expected)
            }
            for (const { turnId } of world.turns) {
              const record = await world.store.read(turnId)
              expect({ status: record?.status, text: record?.text }).to.deep.equal(
                model.turnOf(turnId),
              )
            }
          }),
          { numRuns },
        )
      })
    })
  }
})

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
  { store, turns, leases }: World,
  model: ReturnType<typeof createLeaseModel>,
  step: Exclude<Step, { verb: 'advance' }>,
  now: number,
): Promise<[unknown, unknown]> {
  if (step.verb === 'claim') {
    const ids = turns[step.turn]!
    const owner = owners[step.owner]!
    const result = await store.claim({ ...ids, owner, leaseMs })
    if (result.claimed) leases.push(result.lease)
    const answer = result.claimed ? result.lease.fence : result.reason
    return [answer, model.claim({ ...ids, owner, now, leaseMs })]
  }
  if (step.verb === 'cancel') {
    const { turnId } = turns[step.turn]!
    return [await store.cancel({ turnId }), model.cancel(turnId)]
  }
  const lease = leases.at(-1 - step.lease)
  if (lease === undefined) return [null, null]
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
        await store.recordPrompt(lease, { id: 'm', sessionId: 's', partIds: [], runs: 0 }),
        model.write(lease, 'running', {}),
      ]
    case 'settle':
      return [
        await store.settle(lease, completed),
        model.write(lease, 'running', { status: 'completed', text: completed.text }),
      ]
    case 'keepPartial':
      return [
        await store.keepPartial(lease, partial),
        model.write(lease, 'cancelled', { text: partial.text }),
      ]
  }
}
