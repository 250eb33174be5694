import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import fc from 'fast-check'
import { after, before, describe, it } from 'mocha'
import { outboxMigration } from '../src/outbox.js'
import { anyLife, anyStart, checkNow, checkTold, type Expected } from './life/commands.js'
import { defects } from './life/defects.js'
import { begun } from './life/reference.js'
import { openWorld, type World } from './life/world.js'
import { openRows, type Rows } from './support/open-rows.js'

const numRuns = Number(process.env['TEST_RUNS'] ?? 100)

describe('the life of a turn, as its reference has it', function () {
  this.timeout(240_000)
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

  const expect_ = (isConcurrent: boolean): Expected => ({
    isConcurrent,
    states: [begun],
    pending: [],
  })

  /** One after the other: each says what the reference says. */
  const inOrder = (open: (rows: Rows) => Promise<World>) =>
    fc.asyncProperty(anyLife(14), async (life) => {
      const world = await open(rows)
      const expected = expect_(false)
      await fc.asyncModelRun(() => ({ model: expected, real: world }), life)
      await checkTold(expected, world)
    })

  /** Several at once, statement by statement: there is an order in which the reference says the same. */
  const atOnce = (open: (rows: Rows) => Promise<World>) =>
    fc.asyncProperty(fc.scheduler(), anyStart, anyLife(7), async (ordered, start, life) => {
      const world = await open(rows)
      const expected = expect_(true)
      for (const op of start) await world.play(op)
      scheduler = ordered
      try {
        await fc.scheduledModelRun(ordered, () => ({ model: expected, real: world }), life)
        await ordered.waitFor(Promise.all(expected.pending))
      } finally {
        scheduler = null
      }
      await checkNow(expected, world)
      await checkTold(expected, world)
    })

  it(`says and tells what the reference does, in ${numRuns} lives`, async () => {
    await fc.assert(inOrder(openWorld), { numRuns })
  })

  it(`says and tells what some order of it explains, in ${numRuns} lives with all at once`, async () => {
    await fc.assert(atOnce(openWorld), { numRuns })
  })

  for (const { name, breakStore, breakOutbox, isSeen } of defects) {
    it(`catches a store that ${name}`, async () => {
      const open = (at: Rows): Promise<World> => openWorld(at, breakStore, breakOutbox)
      const property = isSeen === 'in order' ? inOrder(open) : atOnce(open)
      const { failed } = await fc.check(property as fc.IAsyncProperty<unknown>, {
        numRuns: 2_000,
        seed: 1,
        endOnFailure: true,
      })
      expect(failed).to.equal(true)
    })
  }
})
