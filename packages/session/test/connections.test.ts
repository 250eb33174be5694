import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import knex, { type Knex } from 'knex'
import { after, afterEach, before, beforeEach, describe, it } from 'mocha'
import { completed } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { SessionStore, Lease } from '../src/index.js'
import { startCuttingProxy } from './support/cutting-proxy.js'
import type { Cut, CuttingProxy } from './support/cutting-proxy.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const leaseMs = 60_000

for (const kind of databases.filter(({ name }) => name !== 'sqlite')) {
  describe(`a connection to ${kind.name} that breaks`, () => {
    if (kind.skip !== null) {
      it(`may be tried again (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let proxy: CuttingProxy
    let cutOff: Knex
    let store: SessionStore
    before(async () => {
      rows = await openRows(kind)
      proxy = await startCuttingProxy(rows.database.url)
    })
    beforeEach(() => {
      const client = kind.name === 'mysql' ? 'mysql2' : 'pg'
      const log = { warn: () => undefined, error: () => undefined }
      cutOff = knex({ client, connection: proxy.url, pool: { min: 0, max: 2 }, log })
      store = createSessionStore({ knex: cutOff })
    })
    afterEach(async () => {
      proxy.refuse(false)
      await cutOff.destroy()
      await rows.clear()
    })
    after(async () => {
      await proxy.close()
      await rows.close()
    })

    /** Ends the connections at the first statement that matches. */
    const cutAt = (pattern: RegExp, how: Cut): void => {
      const hook = ({ sql }: { sql: string }): void => {
        if (!pattern.test(sql)) return
        cutOff.off('query', hook)
        setImmediate(() => proxy.cut(how))
      }
      cutOff.on('query', hook)
    }
    const newIds = async () => {
      const conversationId = await rows.insertConversation()
      return { conversationId, turnId: await rows.insertTurn(conversationId) }
    }
    const claimNew = async (): Promise<Lease> => {
      const claim = await store.claim({ ...(await newIds()), owner: 'worker', leaseMs })
      if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
      return claim.lease
    }

    for (const how of ['end', 'reset'] as const) {
      it(`by ${how} in the middle of a terminal write is made good by the verb itself`, async () => {
        const lease = await claimNew()
        // The statement waits for the row, so the connection breaks while the server works on it.
        const blocker = await rows.knex.transaction()
        await blocker('messages').where({ id: lease.turnId }).forUpdate()
        cutAt(/^(?:with .begun. as \(|)update .messages/, how)
        const settling = store.settle(lease, completed)
        await new Promise<void>((resolve) => {
          let count = 0
          cutOff.on('query', ({ sql }: { sql: string }) => {
            if (/^(?:with .begun. as \(|)update .messages/.test(sql)) count += 1
            if (count === 2) resolve()
          })
        })
        await blocker.commit()
        expect(await settling).to.equal(true)
        expect((await store.read(lease.turnId))?.status).to.equal('completed')
      })

      it(`by ${how} in the middle of a cancel, which may have taken effect, is the caller's to repeat`, async () => {
        const lease = await claimNew()
        const blocker = await rows.knex.transaction()
        await blocker('messages').where({ id: lease.turnId }).forUpdate()
        cutAt(/^(?:with .begun. as \(|)update .messages/, how)
        const error: unknown = await store
          .cancel({ turnId: lease.turnId })
          .catch((reason: unknown) => reason)
        await blocker.commit()
        expect(error).to.include({ code: 'database_failed', retryable: true })
        await store.cancel({ turnId: lease.turnId })
        expect((await store.read(lease.turnId))?.status).to.equal('cancelled')
      })
    }

    for (const statement of [
      /^update .conversations. (?:as .c. |)set .turn_fence/,
      /^(?:with .begun. as \(|)update .messages/,
    ]) {
      it(`in a claim at ${statement.source} leaves the conversation to the next claim of this process`, async () => {
        const ids = await newIds()
        const hook = ({ sql }: { sql: string }): void => {
          if (!statement.test(sql)) return
          cutOff.off('query', hook)
          proxy.refuse(true)
          setImmediate(() => proxy.cut('reset'))
        }
        cutOff.on('query', hook)
        const claim = { ...ids, owner: 'worker', leaseMs }
        const error: unknown = await store.claim(claim).catch((reason: unknown) => reason)
        expect(error).to.include({ code: 'database_failed', retryable: true })
        proxy.refuse(false)
        expect((await store.claim(claim)).claimed).to.equal(true)
        expect((await store.claim(claim)).claimed).to.equal(false)
      })
    }

    it('between two statements is not seen by the caller, however many connections of the pool it ends', async () => {
      const lease = await claimNew()
      for (const how of ['end', 'reset'] as const) {
        await Promise.all([store.read(lease.turnId), store.read(lease.turnId)])
        proxy.cut(how)
        expect((await store.read(lease.turnId))?.status).to.equal('running')
        proxy.cut(how)
        expect(await store.renew(lease, { leaseMs })).to.include({ held: true })
        proxy.cut(how)
        expect(await store.snapshot(lease, { reply: null, text: how })).to.equal(true)
      }
    })

    it('and cannot be had again ends the verb in about a second, and may be tried again', async () => {
      const lease = await claimNew()
      proxy.refuse(true)
      proxy.cut('reset')
      const from = performance.now()
      const error: unknown = await store.read(lease.turnId).catch((reason: unknown) => reason)
      expect(error).to.include({ code: 'database_failed', retryable: true })
      expect(performance.now() - from).to.be.lessThan(5000)
      proxy.refuse(false)
      expect((await store.read(lease.turnId))?.status).to.equal('running')
    })

    it('leads to a server that only reads: the next connection is tried', async () => {
      const lease = await claimNew()
      const readOnly =
        kind.name === 'mysql'
          ? 'set session transaction read only'
          : 'set session characteristics as transaction read only'
      await Promise.all([cutOff.raw(readOnly), cutOff.raw(readOnly)])
      expect(await store.cancel({ turnId: lease.turnId })).to.equal(true)
    })

    it('in a claim is given back when the database is there again', async () => {
      const ids = await newIds()
      cutAt(/^(?:with .begun. as \(|)update .messages/, 'reset')
      const first = store.claim({ ...ids, owner: 'worker', leaseMs })
      expect(await first.catch((reason: unknown) => reason)).to.include({ retryable: true })
      const other = createSessionStore({ knex: rows.knex })
      expect((await other.claim({ ...ids, owner: 'other', leaseMs })).claimed).to.equal(true)
    })
  })
}
