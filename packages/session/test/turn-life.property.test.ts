import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import fc from 'fast-check'
import { after, before, describe, it } from 'mocha'
import { completed, failed, firstPrompt, partial } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { KnexSessionStore, Lease, RowId } from '../src/index.js'
import { createOutboxStore, outboxMigration } from '../src/outbox.js'
import type { OutboxStore } from '../src/outbox.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'
import { createLifeModel, type LifeModel, theAsk } from './support/life-model.js'

const leaseMs = 1_000
/** So much later every lease of now, of rows and of events, has expired. */
const muchLaterMs = 3_600_000
const numRuns = Number(process.env['TEST_RUNS'] ?? 150)

/** Who takes part in the life of a turn, each in a process of its own. */
const roles = [
  'holder',
  'restarted holder',
  'successor',
  'stopper',
  'Ada',
  'Bo',
  'sweeper',
  'teller',
  'dying teller',
] as const
type Role = (typeof roles)[number]

interface World {
  readonly ids: { readonly conversationId: RowId; readonly turnId: RowId }
  readonly now: KnexSessionStore
  readonly later: KnexSessionStore
  readonly model: LifeModel
  readonly outbox: OutboxStore
  readonly laterOutbox: OutboxStore
  readonly told: string[]
}

describe('the life of a turn in many processes', function () {
  this.timeout(120_000)
  let rows: Rows
  let scheduler: fc.Scheduler | null = null

  before(async () => {
    const sqlite = databases.find(({ name }) => name === 'sqlite')
    if (sqlite === undefined) throw new Error('SQLite is embedded')
    rows = await openRows(sqlite)
    await outboxMigration().up(rows.knex)
    // Every statement waits for its turn, which the scheduler gives.
    const client = rows.knex.client as { acquireConnection(): Promise<unknown> }
    const acquire = client.acquireConnection.bind(client)
    client.acquireConnection = async () => {
      await scheduler?.schedule(Promise.resolve(), 'statement')
      return await acquire()
    }
  })
  after(() => rows.close())

  it(`has one end, one answer, and tells both, however ${numRuns} orders of their statements come`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.uniqueArray(fc.constantFrom(...roles), { minLength: 2, maxLength: roles.length }),
        async (ordered, cast) => {
          const world = await openWorld(rows)
          scheduler = ordered
          try {
            await ordered.waitFor(Promise.all(cast.map((role) => play(world, role))))
          } finally {
            scheduler = null
          }
          const before = await world.now.read(world.ids.turnId)
          world.model.checkRow(before)
          await finish(world)
          const row = await world.now.read(world.ids.turnId)
          world.model.checkEnd(before, row)
          await tellAll(world)
          world.model.checkTold(row, world.told)
        },
      ),
      { numRuns },
    )
  })
})

async function openWorld(rows: Rows): Promise<World> {
  const { knex } = rows
  await knex('turnstead_outbox').delete()
  await rows.clear()
  const conversationId = await rows.insertConversation()
  const turnId = await rows.insertTurn(conversationId)
  const clockAt = (ms: number) => ({ now: () => 1_000_000 + ms, sleep: async () => undefined })
  const open = (ms: number, instance: string): KnexSessionStore =>
    createSessionStore({ knex, clock: clockAt(ms), instance, outbox: {} })
  return {
    ids: { conversationId, turnId },
    now: open(0, 'one'),
    later: open(muchLaterMs, 'two'),
    model: createLifeModel(),
    outbox: createOutboxStore({ knex, clock: clockAt(0) }),
    laterOutbox: createOutboxStore({ knex, clock: clockAt(3 * muchLaterMs) }),
    told: [],
  }
}

async function play(world: World, role: Role): Promise<void> {
  const { ids, later, model, now, outbox, told } = world
  const { turnId } = ids
  const claim = async (store: KnexSessionStore): Promise<Lease | null> => {
    const claimed = await store.claim({ ...ids, owner: role.replace('restarted ', ''), leaseMs })
    if (claimed.claimed) model.claimed(claimed.lease.fence)
    return claimed.claimed ? claimed.lease : null
  }
  switch (role) {
    case 'holder':
    case 'restarted holder': {
      const lease = await claim(now)
      if (lease === null) return
      if ((await now.updateAsks(lease, [{ type: 'opened', ask: theAsk }])) !== null) model.asked()
      await now.recordPrompt(lease, firstPrompt)
      await now.snapshot(lease, partial)
      if (await now.settle(lease, completed)) model.ended('completed')
      else await now.keepPartial(lease, partial)
      await now.closeTurn(lease)
      return await now.release(lease)
    }
    case 'successor': {
      const lease = await claim(later)
      if (lease === null) return
      if (await later.settle(lease, failed)) model.ended('failed')
      await later.closeTurn(lease)
      return
    }
    case 'stopper':
      if (await now.cancel({ turnId })) model.ended('cancelled')
      return
    case 'Ada':
    case 'Bo': {
      const decision = { action: role === 'Ada' ? 'allow' : 'reject' } as const
      const answer = await now.answerAsk({ turnId, askId: theAsk.id, decision, by: role })
      if (answer.accepted) model.answered(role)
      return
    }
    case 'sweeper':
      await later.sweep({ pendingOlderThanMs: 1, unclosedOlderThanMs: 1 })
      return
    case 'teller':
      for (const event of await outbox.take({ limit: 5, leaseMs })) {
        told.push(`${event.type} ${event.status ?? ''}`)
        await outbox.delivered(event.id)
      }
      return
    case 'dying teller':
      // It dies before it has told anyone.
      await outbox.take({ limit: 5, leaseMs })
  }
}

/** What a host does later with what a sweep finds. */
async function finish({ ids, later, model }: World): Promise<void> {
  const { conversationId } = ids
  const claim = await later.claim({ ...ids, owner: 'finisher', leaseMs })
  if (claim.claimed) {
    if (await later.settle(claim.lease, completed)) model.ended('completed')
    await later.closeTurn(claim.lease)
    return await later.release(claim.lease)
  }
  const held = await later.claimConversation({ conversationId, owner: 'finisher', leaseMs })
  if (!held.claimed) return
  for (const { turnId } of held.leftovers) {
    const adopted = await later.adopt(held.lease, turnId)
    if (adopted !== null) await later.closeTurn(adopted.lease)
  }
  await later.release(held.lease)
}

async function tellAll({ laterOutbox, told }: World): Promise<void> {
  for (;;) {
    const events = await laterOutbox.take({ limit: 10, leaseMs })
    if (events.length === 0) break
    for (const event of events) {
      told.push(`${event.type} ${event.status ?? ''}`)
      await laterOutbox.delivered(event.id)
    }
  }
  expect(await laterOutbox.count()).to.include({ pending: 0, dead: 0 })
}
