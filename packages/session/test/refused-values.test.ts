import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, afterEach, before, describe, it } from 'mocha'
import { completed, failed, partial } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { SessionStore, Lease } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const mebibyte = 1024 * 1024

for (const kind of databases) {
  describe(`an end whose values ${kind.name} refuses`, function () {
    this.timeout(120_000)
    if (kind.skip !== null) {
      it(`is written with what fits (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let store: SessionStore
    before(async () => {
      rows = await openRows(kind)
      store = createSessionStore({ knex: rows.knex })
      // A host's own, narrower columns: any value can be one that a database does not take.
      await refuse(rows, kind.name)
    })
    afterEach(() => rows.clear())
    after(() => rows.close())

    const claimNew = async (): Promise<Lease> => {
      const conversationId = await rows.insertConversation()
      const turnId = await rows.insertTurn(conversationId)
      const claim = await store.claim({ conversationId, turnId, owner: 'worker', leaseMs: 60_000 })
      if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
      return claim.lease
    }

    it('is written without the reply, then without text and words, with the reason', async () => {
      const cases = [
        { change: { reply: 'REFUSED' }, reason: 'reply_not_stored', text: completed.text },
        { change: { text: 'REFUSED' }, reason: 'text_not_stored', text: null },
        { change: { reasoning: 'REFUSED' }, reason: 'text_not_stored', text: null },
        { change: { reply: 'REFUSED', cost: 1e300 }, reason: 'text_not_stored', text: null },
      ]
      for (const { change, reason, text } of cases) {
        const lease = await claimNew()
        const end = { ...completed, reason: null, ...change }
        expect(await store.settle(lease, end), reason).to.equal(true)
        const turn = await store.read(lease.turnId)
        expect(turn).to.include({ status: 'completed', reason, text, reply: null })
      }
    })

    it('keeps its error code and its reason', async () => {
      const lease = await claimNew()
      expect(await store.settle(lease, { ...failed, text: 'REFUSED' })).to.equal(true)
      const turn = await store.read(lease.turnId)
      expect(turn).to.include({ status: 'failed', reason: 'provider', cost: failed.cost })
      expect(turn?.error).to.deep.equal(failed.error)
    })

    it('leaves what a snapshot stored before', async () => {
      const lease = await claimNew()
      await store.snapshot(lease, partial)
      await store.settle(lease, { ...completed, text: 'REFUSED' })
      expect((await store.read(lease.turnId))?.text).to.equal(partial.text)
    })

    it('says so on a cancelled turn that has no other reason', async () => {
      for (const [given, reason] of [
        [null, 'reply_not_stored'],
        ['user', 'user'],
      ]) {
        const lease = await claimNew()
        await store.cancel({ turnId: lease.turnId, reason: given ?? null })
        expect(await store.keepPartial(lease, { ...partial, reply: 'REFUSED' })).to.equal(true)
        const turn = await store.read(lease.turnId)
        expect(turn).to.include({ status: 'cancelled', reason, text: partial.text })
      }
    })

    it('is cut, and says so, when the reply is longer than the row takes: what was said last', async () => {
      const lease = await claimNew()
      const output = `${'x'.repeat(60_000)}REFUSED`
      const said = { id: 'prt_2', text: 'y'.repeat(5_000) }
      const reply = { parts: [{ id: 'prt_1', output }, said] }
      expect(await store.settle(lease, { ...completed, reason: null, reply })).to.equal(true)
      const turn = await store.read(lease.turnId)
      expect(turn).to.include({ status: 'completed', reason: 'reply_cut', text: completed.text })
      const [cut, kept] = Object(turn?.reply).parts
      expect(cut).to.include({ id: 'prt_1' })
      expect(cut.output).to.match(/^x+… \[\d+ characters were too many for the row\]$/)
      expect(kept).to.deep.equal(said)
    })

    it('starts a turn whose input it refuses, without that', async () => {
      const conversationId = await rows.insertConversation()
      const turnId = await rows.insertTurn(conversationId)
      const ids = { conversationId, turnId, owner: 'worker', leaseMs: 60_000 }
      const claim = await store.claim({ ...ids, input: 'REFUSED' })
      expect(claim).to.include({ claimed: true })
      expect(claim.turn?.input).to.equal(null)
    })

    if (kind.name === 'mysql') {
      it('is written when it is larger than a packet, however the server says so', async function () {
        const [[row]] = await rows.knex.raw('select @@max_allowed_packet as packet')
        const packet = Number(row.packet)
        if (packet > 64 * mebibyte) {
          console.warn(
            `SKIPPED: this server takes packets of ${packet} bytes, too many to fill in a test.`,
          )
          return this.skip()
        }
        for (const size of [packet, packet * 1.5]) {
          const lease = await claimNew()
          const large = 'x'.repeat(size)
          const snapshot = store.snapshot(lease, { reply: large, text: '' })
          const error: unknown = await snapshot.catch((reason: unknown) => reason)
          expect(error).to.include({ code: 'database_failed', retryable: false })
          const end = { ...completed, reason: null, reply: { large } }
          expect(await store.settle(lease, end)).to.equal(true)
          const turn = await store.read(lease.turnId)
          expect(turn).to.include({
            status: 'completed',
            reason: 'reply_cut',
            text: completed.text,
          })
          expect(turn?.reply)
            .to.have.property('large')
            .that.matches(/too many for the row\]$/)
        }
        const lease = await claimNew()
        const whole = { ...completed, reason: null, reply: null, text: '"'.repeat(packet * 0.6) }
        expect(await store.settle(lease, whole)).to.equal(true)
        const turn = await store.read(lease.turnId)
        expect(turn).to.include({ status: 'completed', reason: 'text_not_stored', text: null })
      })
    }
  })
}

async function refuse({ knex }: Rows, name: string): Promise<void> {
  const columns = ['turn_reply', 'turn_text', 'turn_reasoning', 'turn_input']
  const words = columns.map((column) => `coalesce(new.${column}, '') like '%REFUSED%'`).join(' or ')
  const isRefused = `${words} or new.turn_cost > 1e200`
  if (name === 'sqlite') {
    await knex.raw(
      `create trigger refuse before update on messages when ${isRefused} begin select raise(abort, 'refused'); end`,
    )
  } else if (name === 'mysql') {
    await knex.raw(
      `create trigger refuse before update on messages for each row if ${isRefused} then signal sqlstate '45000'; end if`,
    )
  } else {
    await knex.raw(
      "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$",
    )
    await knex.raw(
      `create trigger refuse before update on messages for each row when (${isRefused}) execute function refuse()`,
    )
  }
}
