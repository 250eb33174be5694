import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import knex from 'knex'
import { after, before, describe, it } from 'mocha'
import { createFakeUpstream, createGate } from '../src/contract/fake-upstream.js'
import { completed, failed } from '../src/contract/subject.js'
import { createSessionStore, SessionError } from '../src/index.js'
import type { OrphanSession, RowId, Lease } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'
import { createShiftedClock } from './support/shifted-clock.js'

const leaseMs = 10_000

describe('createSessionStore', () => {
  const kind = databases.find(({ name }) => name === 'sqlite')
  if (kind === undefined) throw new Error('SQLite is always there')
  let rows: Rows
  before(async () => {
    rows = await openRows(kind)
  })
  after(() => rows.close())

  const claimNew = async (): Promise<{ lease: Lease; turnId: RowId }> => {
    const conversationId = await rows.insertConversation()
    const turnId = await rows.insertTurn(conversationId)
    const store = createSessionStore({ knex: rows.knex })
    const claim = await store.claim({ conversationId, turnId, owner: 'worker', leaseMs })
    if (!claim.claimed) throw new Error(`turn ${turnId} must be free, but is ${claim.reason}`)
    return { lease: claim.lease, turnId }
  }

  it('takes a function that gives Knex later', async () => {
    const store = createSessionStore({ knex: () => rows.knex })
    const { turnId } = await claimNew()
    expect((await store.read(turnId))?.status).to.equal('running')
  })

  it('names the option that is wrong', () => {
    expect(() => createSessionStore({} as never)).to.throw(TypeError, '`knex`')
    expect(() => createSessionStore({ knex: rows.knex, createMs: 0 })).to.throw(
      RangeError,
      '`createMs`',
    )
    const misspelt = { knex: rows.knex, mesages: {} } as never
    expect(() => createSessionStore(misspelt)).to.throw(TypeError, '"mesages"')
    expect(() => createSessionStore(undefined as never)).to.throw(TypeError, 'takes an object')
    const columns = { sesionId: 'typo' } as object
    expect(() => createSessionStore({ knex: rows.knex, conversations: { columns } })).to.throw(
      TypeError,
      '`conversations.columns.sesionId`',
    )
  })

  it('refuses a transaction, also when it is given later, and says what to do', async () => {
    const transaction = await rows.knex.transaction()
    try {
      expect(() => createSessionStore({ knex: transaction })).to.throw(TypeError, 'transaction')
      const store = createSessionStore({ knex: () => transaction })
      const lease = { conversationId: 1, turnId: 1, owner: 'worker', fence: 1, expiresAt: 1 }
      for (const verb of [
        () => store.claim({ ...lease, leaseMs }),
        () => store.ensureSession(1, createFakeUpstream()),
        () => store.settle(lease, completed),
        () => store.read(1),
      ]) {
        const error: unknown = await verb().catch((reason: unknown) => reason)
        expect(error).to.be.instanceOf(TypeError)
        expect(String(error)).to.include('Pass the Knex instance itself')
      }
    } finally {
      await transaction.rollback()
    }
  })

  it('refuses to write a turn under a lease without one', async () => {
    const store = createSessionStore({ knex: rows.knex })
    const conversationId = await rows.insertConversation()
    const claim = await store.claimConversation({ conversationId, owner: 'worker', leaseMs })
    if (!claim.claimed) throw new Error('the conversation must be free')
    const error: unknown = await store
      .settle(claim.lease as Lease, completed)
      .catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(TypeError)
    expect(String(error)).to.include('`adopt`')
  })

  it('refuses an input that is no JSON before it claims', async () => {
    const store = createSessionStore({ knex: rows.knex })
    const conversationId = await rows.insertConversation()
    const turnId = await rows.insertTurn(conversationId)
    const request = { conversationId, turnId, owner: 'worker', leaseMs }
    const error: unknown = await store
      .claim({ ...request, input: { big: 1n } })
      .catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(TypeError)
    expect((await store.read(turnId))?.status).to.equal('pending')
  })

  it('steps over leftovers that it cannot read', async () => {
    const store = createSessionStore({ knex: rows.knex })
    const { lease } = await claimNew()
    const damaged = { turn_prompt_id: 'msg_1', turn_prompt_part_ids: '{"cut off' }
    await rows.knex('messages').where({ id: lease.turnId }).update(damaged)
    await store.release(lease)
    const turnId = await rows.insertTurn(lease.conversationId)
    const request = { conversationId: lease.conversationId, turnId, owner: 'other', leaseMs }
    const claim = await store.claim(request)
    expect(claim.claimed && claim.leftovers).to.deep.equal([])
  })

  it('waits for another creation by a clock that does not jump', async () => {
    let elapsed = 0
    const clock = {
      now: () => 1_000_000,
      monotonic: () => elapsed,
      sleep: async (ms: number) => {
        elapsed += ms
      },
    }
    const store = createSessionStore({ knex: rows.knex, clock, createPollMs: 7, createWaitMs: 40 })
    const conversationId = await rows.insertConversation()
    await rows
      .knex('conversations')
      .where({ id: conversationId })
      .update({ opencode_create_claim: 'other', opencode_create_expires_at: 2_000_000 })
    const waiting = store.ensureSession(conversationId, createFakeUpstream())
    expect(await codeOf(waiting)).to.equal('session_create_timeout')
    expect(elapsed).to.equal(40)
  })

  it('refuses a claim without an owner or with a senseless lease', async () => {
    const store = createSessionStore({ knex: rows.knex })
    const { turnId, lease } = await claimNew()
    const request = { conversationId: lease.conversationId, turnId, owner: 'worker', leaseMs }
    const reasonOf = async (change: object): Promise<unknown> =>
      store.claim({ ...request, ...change }).catch((error: unknown) => error)
    expect(await reasonOf({ owner: '' })).to.be.instanceOf(TypeError)
    expect(await reasonOf({ owner: 'x'.repeat(256) })).to.be.instanceOf(TypeError)
    expect(await reasonOf({ leaseMs: Number.NaN })).to.be.instanceOf(RangeError)
    expect(await reasonOf({ turnId: undefined })).to.be.instanceOf(TypeError)
  })

  it('counts a message without a status as missing', async () => {
    const store = createSessionStore({ knex: rows.knex })
    const { turnId, lease } = await claimNew()
    await rows.knex('messages').where({ id: turnId }).update({ turn_status: null })
    const claim = await store.claim({
      conversationId: lease.conversationId,
      turnId,
      owner: 'other',
      leaseMs,
    })
    expect(claim).to.deep.include({ claimed: false, reason: 'missing' })
    expect(await store.read(turnId)).to.equal(null)
    expect(await store.renew(lease, { leaseMs })).to.deep.equal({
      held: true,
      status: 'cancelled',
      asksRevision: 0,
    })
  })

  it('tells a worker whose rows were deleted that its turn is cancelled', async () => {
    const store = createSessionStore({ knex: rows.knex })
    const { lease } = await claimNew()
    await rows.clear()
    expect(await store.renew(lease, { leaseMs })).to.deep.equal({
      held: false,
      status: 'cancelled',
      asksRevision: 0,
    })
    expect(await store.settle(lease, completed)).to.equal(false)
    await store.release(lease)
  })

  it('calls a foreign status or a damaged prompt a malformed row, and a damaged reply no reply', async () => {
    const store = createSessionStore({ knex: rows.knex })
    const { turnId } = await claimNew()
    const row = () => rows.knex('messages').where({ id: turnId })
    await row().update({ turn_reply: '{"cut off' })
    expect((await store.read(turnId))?.reply).to.equal(null)
    await row().update({ turn_prompt_id: 'msg_1', turn_prompt_part_ids: '{"cut off' })
    expect(await codeOf(store.read(turnId))).to.equal('malformed_row')
    await row().update({ turn_prompt_id: null, turn_status: 'published' })
    expect(await codeOf(store.read(turnId))).to.equal('malformed_row')
  })

  it('keeps statements and values out of the message of a database error', async () => {
    const store = createSessionStore({ knex: rows.knex, messages: { table: 'absent' } })
    const { lease } = await claimNew()
    const error: unknown = await store
      .settle(lease, { ...failed, text: 'secret words' })
      .catch((reason: unknown) => reason)
    if (!SessionError.is(error)) throw new Error('a SessionError must be thrown')
    expect(error.code).to.equal('database_failed')
    expect(error.retryable).to.equal(false)
    expect(error.message).to.include(`turn ${lease.turnId}`)
    expect(error.message).not.to.match(/secret|update|absent/)
    expect(error.message).to.match(/^\[database_failed\] /)
    expect(error.cause).to.be.instanceOf(Error)
  })

  it('calls a database that is out of reach worth another try', async () => {
    const quiet = () => undefined
    const down = knex({
      client: 'pg',
      connection: 'postgresql://u:p@127.0.0.1:1/none',
      log: { warn: quiet, error: quiet },
    })
    try {
      const error: unknown = await createSessionStore({ knex: down })
        .read(1)
        .catch((reason: unknown) => reason)
      expect(error).to.include({ code: 'database_failed', retryable: true })
    } finally {
      await down.destroy()
    }
  })

  it('gives up waiting for a creation that does not end, with a code that is worth another try', async () => {
    const store = createSessionStore({ knex: rows.knex, createPollMs: 5, createWaitMs: 40 })
    const upstream = createFakeUpstream()
    const gate = createGate()
    const conversationId = await rows.insertConversation()
    upstream.hooks.before = gate.pass
    const creating = store.ensureSession(conversationId, upstream)
    await gate.reached
    const error: unknown = await store
      .ensureSession(conversationId, upstream)
      .catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'session_create_timeout', retryable: true })
    gate.open()
    expect((await creating).created).to.equal(true)
  })

  it('reports a session that it replaced, and one that it could not delete', async () => {
    const orphans: OrphanSession[] = []
    const store = createSessionStore({ knex: rows.knex, onOrphan: (each) => orphans.push(each) })
    const upstream = createFakeUpstream()
    const conversationId = await rows.insertConversation()
    const { sessionId } = await store.ensureSession(conversationId, upstream)
    upstream.hooks.after = () => Promise.reject(new Error('connection lost'))
    await store.recreateSession(conversationId, sessionId, upstream).catch(() => undefined)
    delete upstream.hooks.after
    const [, left] = upstream.sessions.keys()
    const error = new Error('out of order')
    const stuck = { ...upstream, delete: () => Promise.reject(error) }
    await store.ensureSession(conversationId, stuck)
    expect(orphans).to.deep.equal([
      { conversationId, sessionId, reason: 'replaced', error: null },
      { conversationId, sessionId: left, reason: 'not_deleted', error },
    ])
  })

  it('leaves nothing of a creation that was taken over and whose answer was lost', async () => {
    const clock = createShiftedClock()
    const store = createSessionStore({ knex: rows.knex, clock, createPollMs: 5 })
    const upstream = createFakeUpstream()
    const gate = createGate()
    const conversationId = await rows.insertConversation()
    const slow = {
      ...upstream,
      create: async (request: { readonly key: string; readonly title: string | null }) => {
        await gate.pass()
        await upstream.create(request)
        throw new Error('connection lost')
      },
    }
    const late = store.ensureSession(conversationId, slow).catch((error: unknown) => error)
    await gate.reached
    clock.advance(60_000)
    const { sessionId } = await store.ensureSession(conversationId, upstream)
    gate.open()
    expect(String(await late)).to.include('connection lost')
    expect([...upstream.sessions.keys()]).to.deep.equal([sessionId])
  })

  it('is not harmed by an onOrphan that throws or rejects', async () => {
    const upstream = createFakeUpstream()
    for (const onOrphan of [
      () => {
        throw new Error('thrown')
      },
      () => Promise.reject(new Error('rejected')),
    ]) {
      const store = createSessionStore({ knex: rows.knex, onOrphan: onOrphan as () => void })
      const conversationId = await rows.insertConversation()
      const { sessionId } = await store.ensureSession(conversationId, upstream)
      const fresh = await store.recreateSession(conversationId, sessionId, upstream)
      expect(fresh.created).to.equal(true)
    }
  })

  it('does not delete, and does not share, a session that another conversation has', async () => {
    const store = createSessionStore({ knex: rows.knex })
    const upstream = createFakeUpstream()
    const { sessionId } = await store.ensureSession(await rows.insertConversation(), upstream)
    const conversationId = await rows.insertConversation()
    const shared = { ...upstream, create: async () => ({ id: sessionId }) }
    expect(await codeOf(store.ensureSession(conversationId, shared))).to.equal(
      'session_create_failed',
    )
    expect([...upstream.sessions.keys()]).to.deep.equal([sessionId])
    expect((await store.ensureSession(conversationId, upstream)).created).to.equal(true)
  })

  it('deletes upstream what it cannot store, and reports why', async () => {
    const upstream = createFakeUpstream()
    const conversationId = await rows.insertConversation()
    const store = createSessionStore({ knex: rows.knex })
    upstream.hooks.after = async () => {
      await rows.knex.raw(
        "create trigger refuse before update of opencode_session_id on conversations when new.opencode_session_id is not null begin select raise(abort, 'refused'); end",
      )
    }
    try {
      const code = await codeOf(store.ensureSession(conversationId, upstream))
      expect(code).to.equal('database_failed')
      expect(upstream.sessions.size).to.equal(0)
    } finally {
      await rows.knex.raw('drop trigger refuse')
    }
  })
})

describe('the store and its connections', () => {
  for (const kind of databases) {
    if (kind.skip !== null) {
      it(`holds none on ${kind.name} while upstream is called (skipped: ${kind.skip})`)
      continue
    }

    it(`holds none on ${kind.name} while upstream is called`, async () => {
      const rows = await openRows(kind)
      const client = kind.name === 'mysql' ? 'mysql2' : 'pg'
      const connection = rows.database.url
      const pool = { min: 0, max: 1 }
      const single =
        kind.name === 'sqlite'
          ? rows.knex
          : knex({ client, connection, pool, acquireConnectionTimeout: 1000 })
      try {
        const conversationId = await rows.insertConversation()
        const upstream = createFakeUpstream()
        const query = async (): Promise<void> => {
          // With one connection in the pool this waits forever if the store holds it.
          await single.raw('select 1')
          expect(holdsConnection(single)).to.equal(false)
        }
        upstream.hooks.before = query
        upstream.hooks.after = query
        const store = createSessionStore({ knex: single })
        expect((await store.ensureSession(conversationId, upstream)).created).to.equal(true)
      } finally {
        if (single !== rows.knex) await single.destroy()
        await rows.close()
      }
    })
  }
})

function holdsConnection({ client }: { client: { pool: { numUsed: () => number } } }): boolean {
  return client.pool.numUsed() > 0
}

async function codeOf(failing: Promise<unknown>): Promise<unknown> {
  const error: unknown = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return SessionError.is(error) ? error.code : error
}
