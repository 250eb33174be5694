import { databases } from '@turnstead-internal/databases'
import type { OpenDatabase } from '@turnstead-internal/databases'
import { expect } from 'chai'
import Database from 'libsql'
import { fileURLToPath } from 'node:url'
import type { Knex } from 'knex'
import { after, afterEach, before, describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { RowId, SessionStore } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const take = /^update `conversations` set `turn_fence`/
const start = /^update `messages` set `turn_status`/
const read = /^select .* from `messages` where/
const takeCreation =
  /^update `conversations` set `opencode_session_id` = (?:NULL|\?), `opencode_create_keys`/

describe('between two statements of a verb', () => {
  const kind = databases.find(({ name }) => name === 'sqlite')
  if (kind === undefined) throw new Error('SQLite is always there')
  let rows: Rows
  let another: Database.Database
  let store: SessionStore
  let ids: { conversationId: RowId; turnId: RowId }
  before(async () => {
    rows = await openRows(kind)
    another = new Database(fileURLToPath(rows.database.url))
    store = createSessionStore({ knex: rows.knex })
  })
  after(async () => {
    another.close()
    await rows.close()
  })
  afterEach(() => rows.clear())

  /** Runs another worker's statements just before the first of ours that matches. */
  const justBefore = (pattern: RegExp, ...statements: string[]): void => {
    const hook = ({ sql }: { sql: string }): void => {
      if (!pattern.test(sql)) return
      rows.knex.off('query', hook)
      for (const statement of statements) another.exec(statement)
    }
    rows.knex.on('query', hook)
  }
  const insert = async (): Promise<void> => {
    const conversationId = await rows.insertConversation()
    ids = { conversationId, turnId: await rows.insertTurn(conversationId) }
  }
  const claim = (owner = 'worker-1') => store.claim({ ...ids, owner, leaseMs: 10_000 })
  const far = Date.now() + 3_600_000
  const expire = () =>
    another.exec(`update conversations set turn_expires_at = 1 where id = ${ids.conversationId}`)

  it('a holder that renews in time keeps its lease', async () => {
    await insert()
    await claim('worker-2')
    expire()
    justBefore(take, `update conversations set turn_expires_at = ${far}`)
    expect(await claim()).to.include({ claimed: false, reason: 'busy', heldUntil: far })
  })

  it('a claim that came and went has used up its fence', async () => {
    await insert()
    justBefore(take, 'update conversations set turn_fence = turn_fence + 1')
    const result = await claim()
    expect(result.claimed && result.lease.fence).to.equal(2)
  })

  it('a claim by another one wins, even with the same expiry', async () => {
    await insert()
    await claim('worker-2')
    expire()
    justBefore(
      take,
      "update conversations set turn_fence = turn_fence + 1, turn_owner = 'worker-3'",
      `update conversations set turn_expires_at = ${far}`,
    )
    expect(await claim()).to.include({ claimed: false, reason: 'busy' })
  })

  it('a conversation that went on to another turn keeps this one from starting', async () => {
    await insert()
    justBefore(
      start,
      "update conversations set turn_fence = turn_fence + 1, turn_id = 'other', turn_owner = 'worker-2'",
    )
    expect(await claim()).to.include({ claimed: false, reason: 'busy' })
    expect(await rows.knex('messages').first('turn_status')).to.deep.equal({
      turn_status: 'pending',
    })
  })

  it('a turn that is cancelled before its start is settled, and its conversation free', async () => {
    await insert()
    justBefore(start, "update messages set turn_status = 'cancelled'")
    expect(await claim()).to.include({ claimed: false, reason: 'settled' })
    expect(await rows.knex('conversations').first('turn_owner')).to.deep.equal({ turn_owner: null })
  })

  it('a turn that is cancelled right after its start is settled, and its conversation free', async () => {
    await insert()
    justBefore(start, 'select 1')
    justBefore(read, "update messages set turn_status = 'cancelled'")
    expect(await claim()).to.include({ claimed: false, reason: 'settled' })
    expect(await rows.knex('conversations').first('turn_owner')).to.deep.equal({ turn_owner: null })
  })

  it('a claim that is given up in between is given back', async () => {
    await insert()
    const controller = new AbortController()
    const hook = ({ sql }: { sql: string }): void => {
      if (start.test(sql)) controller.abort(new Error('enough'))
    }
    rows.knex.on('query', hook)
    try {
      const { signal } = controller
      const request = { ...ids, owner: 'worker-1', leaseMs: 10_000, signal }
      const error: unknown = await store.claim(request).catch((reason: unknown) => reason)
      expect(error).to.equal(signal.reason)
    } finally {
      rows.knex.off('query', hook)
    }
    expect(await claim('worker-2')).to.include({ claimed: true })
  })

  it('a message that moves to another conversation is missing from this one', async () => {
    await insert()
    const other = await rows.insertConversation()
    justBefore(start, `update messages set conversation_id = ${other}`)
    expect(await claim()).to.include({ claimed: false, reason: 'missing' })
    const row = await rows
      .knex('conversations')
      .where({ id: ids.conversationId })
      .first('turn_owner')
    expect(row).to.deep.equal({ turn_owner: null })
  })

  it('a row that changes before every attempt is an error worth another try, not a loop', async () => {
    await insert()
    const slept: number[] = []
    const impatient = createSessionStore({
      knex: rows.knex,
      clock: { now: () => Date.now(), sleep: async (ms) => void slept.push(ms) },
    })
    let attempts = 0
    const hook = ({ sql }: { sql: string }): void => {
      if (!take.test(sql) && !takeCreation.test(sql)) return
      attempts += 1
      another.exec(
        `update conversations set turn_fence = turn_fence + 1, opencode_create_claim = 'c${attempts}'`,
      )
    }
    rows.knex.on('query', hook)
    try {
      const request = { ...ids, owner: 'worker-1', leaseMs: 10_000 }
      for (const verb of [
        () => impatient.claim(request),
        () => impatient.claimConversation(request),
        () => impatient.ensureSession(ids.conversationId, createFakeUpstream()),
      ]) {
        attempts = 0
        slept.length = 0
        const error: unknown = await verb().catch((reason: unknown) => reason)
        expect(error).to.include({ code: 'row_contended', retryable: true })
        expect(attempts).to.be.lessThan(100)
        expect(slept.length).to.be.greaterThan(attempts / 2)
      }
      const signal = AbortSignal.abort(new Error('enough'))
      const aborted: unknown = await impatient
        .claim({ ...request, signal })
        .catch((reason: unknown) => reason)
      expect(aborted).to.equal(signal.reason)
    } finally {
      rows.knex.off('query', hook)
    }
  })

  it("a message whose fence is above its conversation's is claimed at once", async () => {
    await insert()
    another.exec('update messages set turn_fence = 1000')
    let statements = 0
    const count = (): void => {
      statements += 1
    }
    rows.knex.on('query', count)
    try {
      const result = await claim()
      expect(result.claimed && result.lease.fence).to.equal(1001)
      expect(statements).to.be.lessThan(8)
    } finally {
      rows.knex.off('query', count)
    }
  })

  it('a session that another one stored is taken over, not replaced', async () => {
    await insert()
    const upstream = createFakeUpstream()
    justBefore(takeCreation, "update conversations set opencode_session_id = 'ses_other'")
    const result = await store.ensureSession(ids.conversationId, upstream)
    expect(result).to.include({ sessionId: 'ses_other', created: false })
    expect(upstream.titles).to.deep.equal([])
  })

  it('a creation that began and failed in between leaves its key in the row', async () => {
    await insert()
    const upstream = createFakeUpstream()
    upstream.sessions.set('ses_lost', 'key-of-another')
    // Its claim is over again, and the server has its session although the answer was lost.
    justBefore(
      takeCreation,
      "update conversations set opencode_create_keys = 'key-of-another', opencode_create_claim = null",
    )
    const { sessionId } = await store.ensureSession(ids.conversationId, upstream)
    expect([...upstream.sessions.keys()]).to.deep.equal([sessionId])
  })

  it('a creation that expires at this very moment is free', async () => {
    await insert()
    const now = Date.now()
    const frozen = createSessionStore({
      knex: rows.knex,
      clock: { now: () => now, sleep: () => Promise.reject(new Error('must not wait')) },
    })
    another.exec(
      `update conversations set opencode_create_claim = 'old', opencode_create_expires_at = ${now}`,
    )
    const result = await frozen.ensureSession(ids.conversationId, createFakeUpstream())
    expect(result.created).to.equal(true)
  })
})

describe('while a statement waits for a row', () => {
  const kind = databases.find(({ name }) => name === 'postgresql')
  if (kind === undefined || kind.skip !== null) {
    it(`the fence of the row still counts (skipped: ${kind?.skip ?? 'no PostgreSQL'})`)
    return
  }
  let rows: Rows
  before(async () => {
    rows = await openRows(kind)
  })
  after(() => rows.close())

  // PostgreSQL looks again at the row that it waited for, but not at the rows of subqueries: there the snapshot
  // is the one from before the wait. So the message's own fence is what must stop these.
  const overtaken = async (
    database: OpenDatabase,
    late: Promise<unknown>,
    message: Knex.Transaction,
  ) => {
    await untilBlocked(database.knex)
    await database.knex('conversations').update({ turn_fence: 7, turn_owner: 'worker-2' })
    await message('messages').update({ turn_fence: 7, turn_status: 'running' })
    await message.commit()
    return late
  }

  it('the fence of the row still counts for a start', async () => {
    const conversationId = await rows.insertConversation()
    const turnId = await rows.insertTurn(conversationId)
    const blocker = await rows.database.connect().transaction()
    await blocker('messages').where({ id: turnId }).forUpdate()
    const store = createSessionStore({ knex: rows.database.connect() })
    const claim = store.claim({ conversationId, turnId, owner: 'worker-1', leaseMs: 60_000 })
    expect(await overtaken(rows.database, claim, blocker)).to.include({
      claimed: false,
      reason: 'busy',
    })
    const row = await rows.knex('messages').where({ id: turnId }).first('turn_fence')
    expect(Number(row.turn_fence)).to.equal(7)
    await rows.clear()
  })

  it('the fence of the row still counts for a terminal write', async () => {
    const conversationId = await rows.insertConversation()
    const turnId = await rows.insertTurn(conversationId)
    const store = createSessionStore({ knex: rows.database.connect() })
    const claim = await store.claim({
      conversationId,
      turnId,
      owner: 'worker-1',
      leaseMs: 60_000,
    })
    if (!claim.claimed) throw new Error('the turn must be free')
    const blocker = await rows.database.connect().transaction()
    await blocker('messages').where({ id: turnId }).forUpdate()
    const settle = store.settle(claim.lease, completed)
    expect(await overtaken(rows.database, settle, blocker)).to.equal(false)
    expect((await store.read(turnId))?.status).to.equal('running')
    await rows.clear()
  })

  it('the fence of the row still counts for an adoption', async () => {
    const conversationId = await rows.insertConversation()
    const [left, next] = [
      await rows.insertTurn(conversationId),
      await rows.insertTurn(conversationId),
    ]
    const store = createSessionStore({ knex: rows.database.connect() })
    const request = { conversationId, owner: 'worker-1', leaseMs: 60_000 }
    const first = await store.claim({ ...request, turnId: left })
    if (!first.claimed) throw new Error('the turn must be free')
    await store.release(first.lease)
    const claim = await store.claim({ ...request, turnId: next })
    if (!claim.claimed) throw new Error('the turn must be free')
    const blocker = await rows.database.connect().transaction()
    await blocker('messages').where({ id: left }).forUpdate()
    const adoption = store.adopt(claim.lease, left)
    expect(await overtaken(rows.database, adoption, blocker)).to.equal(null)
    const row = await rows.knex('messages').where({ id: left }).first('turn_fence')
    expect(Number(row.turn_fence)).to.equal(7)
    await rows.clear()
  })
})

/** Until one of this server's clients waits for a row of the messages. */
async function untilBlocked(knex: Knex): Promise<void> {
  for (;;) {
    const waiting = await knex('pg_stat_activity')
      .where({ wait_event_type: 'Lock' })
      .where('query', 'like', '%update "messages"%')
      // Of this suite's own table: others may use the server, too.
      .whereRaw(
        "pid in (select pid from pg_locks where relation = to_regclass('messages') and database = (select oid from pg_database where datname = current_database()))",
      )
      .first('pid')
    if (waiting !== undefined) return
  }
}
