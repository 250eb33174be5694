import { expect } from 'chai'
import fc from 'fast-check'
import { explain } from './history.js'
import { leaseMs, type LifeState, type Op } from './reference.js'
import { lives, owners, type World } from './world.js'

/** What is expected of a turn as far as it is known: how it may stand. */
export interface Expected {
  /** Of several calls at once nothing is known before all have said something. */
  readonly isConcurrent: boolean
  states: readonly LifeState[]
  readonly pending: Promise<void>[]
}

type Command = fc.AsyncCommand<Expected, World>
/** What an order of commands only knows as it is carried out: which of the leases of then is meant. */
type Plan =
  | Op
  | { readonly verb: 'leased'; readonly lease: number; readonly make: (fence: number) => Op }

/** Nearly always the newest. */
const lease = fc.constantFrom(0, 0, 0, 0, 1, 2)
const leased = (make: (fence: number) => Op): fc.Arbitrary<Plan> =>
  lease.map((each) => ({ verb: 'leased', lease: each, make }))

const isLater = fc.boolean()

const claim: fc.Arbitrary<Plan> = fc.record({
  verb: fc.constant('claim'),
  owner: fc.constantFrom(...owners),
  life: fc.constantFrom(...lives),
  isLater,
})
const settle: fc.Arbitrary<Plan> = fc
  .tuple(lease, fc.constantFrom('completed', 'failed'), isLater)
  .map(([each, status, late]) => ({
    verb: 'leased',
    lease: each,
    make: (fence) => ({ verb: 'settle', fence, status, isLater: late }),
  }))
const putBack: fc.Arbitrary<Plan> = fc.constant({ verb: 'putBack' })

/** What leads on comes more often. */
const plans: readonly fc.Arbitrary<Plan>[] = [
  claim,
  claim,
  claim,
  settle,
  settle,
  settle,
  putBack,
  putBack,
  leased((fence) => ({ verb: 'giveBack', fence })),
  leased((fence) => ({ verb: 'giveBack', fence })),
  leased((fence) => ({ verb: 'recordPrompt', fence })),
  leased((fence) => ({ verb: 'ask', fence })),
  leased((fence) => ({ verb: 'ask', fence })),
  leased((fence) => ({ verb: 'close', fence })),
  leased((fence) => ({ verb: 'release', fence })),
  fc.record({ verb: fc.constant('answer'), by: fc.constantFrom('Ada', 'Bo') }),
  fc.record({ verb: fc.constant('answer'), by: fc.constantFrom('Ada', 'Bo') }),
  fc.constant({ verb: 'cancel' }),
  fc.constant({ verb: 'sweep' }),
  fc.record({
    verb: fc.constant('advance'),
    ms: fc.constantFrom(1, leaseMs / 2, leaseMs * 0.7, leaseMs, 3 * leaseMs),
  }),
]

const claimed: Op = { verb: 'claim', owner: 'one', life: 'first', isLater: false }

/** How a turn may stand before several come at once: what needs a lease is seldom due in time otherwise. */
export const anyStart: fc.Arbitrary<readonly Op[]> = fc.constantFrom(
  [],
  [claimed],
  [claimed, { verb: 'ask' as const, fence: 1 }],
)

/** Any order of what may happen to a turn. */
export function anyLife(size: number): fc.Arbitrary<Iterable<Command>> {
  const tell = fc.boolean().map((dies) => telling(dies))
  return fc.commands([...plans.map((plan) => plan.map(commandOf)), tell], { maxCommands: size })
}

function commandOf(plan: Plan): Command {
  const { make, lease: back } = plan.verb === 'leased' ? plan : { make: null, lease: 0 }
  return {
    check: () => true,
    toString: () => (make === null ? JSON.stringify(plan) : JSON.stringify([back, make(0)])),
    async run(expected, world) {
      const fence = world.fences.at(-1 - back)
      if (make !== null && fence === undefined) return
      const op = make === null ? (plan as Op) : make(fence ?? 0)
      const playing = world.play(op)
      expected.pending.push(playing)
      if (!expected.isConcurrent) await checkNow(expected, world)
    },
  }
}

function telling(dies: boolean): Command {
  return {
    check: () => true,
    toString: () => (dies ? 'a teller dies' : 'a teller'),
    async run(expected, world) {
      const told = world.tell(dies)
      expected.pending.push(told)
      if (!expected.isConcurrent) await checkNow(expected, world)
    },
  }
}

/** What was said can be explained, and the row stands as the reference does. */
export async function checkNow(expected: Expected, world: World): Promise<void> {
  await Promise.all(expected.pending)
  const states = explain(world.calls)
  expect(states, `nothing explains ${saidBy(world)}`).to.not.deep.equal([])
  const row = await world.read()
  const shown = {
    status: row?.status,
    isClosed: row?.closedAt !== null,
    isPrompted: row?.prompt !== null,
    answeredBy: row?.asks[0]?.answeredBy ?? null,
  }
  expected.states = states.filter(
    ({ status, isClosed, isPrompted, answeredBy }) =>
      status === shown.status &&
      isClosed === shown.isClosed &&
      isPrompted === shown.isPrompted &&
      answeredBy === shown.answeredBy,
  )
  const words = `${JSON.stringify(shown)} after ${saidBy(world)}`
  expect(expected.states, words).to.not.deep.equal([])
}

/** Everything is told, and nothing else; again only what a teller may have told before it died, which no one knows. */
export async function checkTold(expected: Expected, world: World): Promise<void> {
  await world.tellRest()
  const told = [...world.told].toSorted()
  const wanted = expected.states.map(({ events }) => events.toSorted())
  expect(wanted, `told ${told.join(', ')} after ${saidBy(world)}`).to.deep.include(told)
}

function saidBy({ calls }: World): string {
  return calls.map(({ op, said }) => `${JSON.stringify(op)} → ${said}`).join('; ')
}
