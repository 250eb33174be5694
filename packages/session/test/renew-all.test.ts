import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import type { Knex } from 'knex'
import { after, afterEach, before, describe, it } from 'mocha'
import { createSessionStore } from '../src/index.js'
import type { ConversationLease, RowId, SessionStore } from '../src/index.js'
import { untilBlocked } from './support/until-blocked.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const leaseMs = 10_000

/** Rows as after so many claims, without the claims. */
async function insertHeld(knex: Knex, count: number): Promise<ConversationLease[]> {
  const ids = Array.from({ length: count }, (_, index) => index + 1)
  for (let at = 0; at < count; at += 500) {
    const some = ids.slice(at, at + 500)
    await knex('conversations').insert(
      some.map((id) => ({ id, turn_fence: id % 7, turn_owner: 'w', turn_expires_at: 1 })),
    )
    await knex('messages').insert(
      some.map((id) => ({ id, conversation_id: id, turn_status: 'running' })),
    )
  }
  return ids.map((id) => ({
    conversationId: id,
    turnId: id,
    owner: 'w',
    fence: id % 7,
    expiresAt: 1,
  }))
}

async function countStatements(knex: Knex, work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const counted = (): void => void (count += 1)
  knex.on('query', counted)
  try {
    await work()
  } finally {
    knex.removeListener('query', counted)
  }
  return count
}

for (const kind of databases) {
  describe(`renewAll on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`renews many leases at once (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let store: SessionStore
    before(async () => {
      rows = await openRows(kind)
      store = createSessionStore({ knex: rows.knex })
    })
    afterEach(() => rows.clear())
    after(() => rows.close())

    const heldOf = async (
      leases: readonly ConversationLease[],
      from = store,
    ): Promise<(boolean | undefined)[]> =>
      (await from.renewAll(leases, { leaseMs })).map((renewal) => renewal?.held)

    it('takes two statements for 500 leases, and two more for the next', async () => {
      const leases = await insertHeld(rows.knex, 501)
      const some = leases.slice(1)
      expect(await countStatements(rows.knex, () => store.renewAll(some, { leaseMs }))).to.equal(2)
      expect(await countStatements(rows.knex, () => store.renewAll(leases, { leaseMs }))).to.equal(
        4,
      )
      const early = await rows.knex('conversations').where('turn_expires_at', '<', Date.now())
      expect(early).to.deep.equal([])
    })

    it('finds the few that were lost among many by few statements', async () => {
      const leases = await insertHeld(rows.knex, 200)
      const lost = new Set<RowId>([7, 8, 190])
      await rows.knex('conversations').whereIn('id', [7, 8]).increment('turn_fence', 1)
      await rows.knex('conversations').where({ id: 190 }).update({ turn_owner: null })
      let held: (boolean | undefined)[] = []
      const statements = await countStatements(rows.knex, async () => {
        held = await heldOf(leases)
      })
      expect(held).to.deep.equal(leases.map(({ conversationId }) => !lost.has(conversationId)))
      expect(statements).to.be.below(70)
    })

    it('says that a turn whose row is gone is cancelled, and that one without a status is', async () => {
      const leases = await insertHeld(rows.knex, 3)
      await rows.knex('messages').where({ id: 1 }).delete()
      await rows.knex('messages').where({ id: 2 }).update({ turn_status: null })
      const renewals = await store.renewAll(leases, { leaseMs })
      expect(renewals.map((renewal) => renewal?.status)).to.deep.equal([
        'cancelled',
        'cancelled',
        'running',
      ])
    })

    it('answers for the others when the status of one is none of a turn', async () => {
      const leases = await insertHeld(rows.knex, 3)
      await rows.knex('messages').where({ id: 2 }).update({ turn_status: 'archived' })
      expect(await heldOf(leases)).to.deep.equal([true, undefined, true])
    })

    it('counts the changes of asks', async () => {
      const leases = await insertHeld(rows.knex, 2)
      await rows.knex('messages').where({ id: 2 }).update({ turn_asks_revision: 5 })
      const renewals = await store.renewAll(leases, { leaseMs })
      expect(renewals.map((renewal) => renewal?.asksRevision)).to.deep.equal([0, 5])
      const [, lease] = leases
      if (lease === undefined) throw new Error('there are two')
      expect((await store.renew(lease, { leaseMs })).asksRevision).to.equal(5)
    })

    it('renews nothing for keys that no row has', async () => {
      const leases = await insertHeld(rows.knex, 3)
      const [first] = leases
      if (first === undefined) throw new Error('there are three')
      const strange = ['abc', '2abc', '03'].map((id) => ({
        ...first,
        conversationId: id,
        turnId: id,
        fence: Number(/\d+/.exec(id)?.[0] ?? 0),
      }))
      expect(await heldOf([first, ...strange])).to.deep.equal([true, false, false, false])
    })

    if (kind.name === 'sqlite') return

    it('renews the others while someone else has a row locked', async () => {
      const leases = await insertHeld(rows.knex, 5)
      const host = await rows.database.connect().transaction()
      await host('conversations').where({ id: 3 }).forUpdate()
      const renewing = heldOf(leases)
      await untilBlocked(rows.knex)
      const renewed = rows.database
        .connect()('conversations')
        .where('turn_expires_at', '>', 1)
        .orderBy('id')
      expect((await renewed.select('id')).map(({ id }) => Number(id))).to.deep.equal([1, 2, 4, 5])
      await host.commit()
      expect(await renewing).to.deep.equal([true, true, true, true, true])
    })

    it('answers for the others though a row stays locked, and says that it does not know of that one', async () => {
      const leases = await insertHeld(rows.knex, 6)
      const host = await rows.database.connect().transaction()
      try {
        await host('conversations').whereIn('id', [3, 4]).forUpdate()
        const brief = createSessionStore({ knex: rows.knex, statementMs: 200 })
        expect(await heldOf(leases, brief)).to.deep.equal([
          true,
          true,
          undefined,
          undefined,
          true,
          true,
        ])
      } finally {
        await host.rollback()
      }
    })

    if (kind.name !== 'mysql') return

    it('is held on a connection that counts only rows that changed, at one instant', async () => {
      const leases = await insertHeld(rows.knex, 20)
      const now = Date.now()
      const { default: open } = await import('knex')
      const knex = open({
        client: 'mysql2',
        connection: `${rows.database.url}?flags=-FOUND_ROWS`,
        pool: { min: 0, max: 1 },
      })
      try {
        const clock = { now: () => now, sleep: async () => undefined }
        const changed = createSessionStore({ knex, clock })
        for (let time = 0; time < 4; time += 1) {
          expect(await heldOf(leases, changed)).to.not.include(false)
        }
        await rows.knex('conversations').where({ id: 4 }).increment('turn_fence', 1)
        for (let time = 0; time < 2; time += 1) {
          expect((await heldOf(leases, changed)).filter((held) => !held)).to.have.length(1)
        }
      } finally {
        await knex.destroy()
      }
    })
  })
}
