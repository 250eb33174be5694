import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, afterEach, before, describe, it } from 'mocha'
import { createSessionStore } from '../src/index.js'
import type { OpenAsk, SessionStore } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const ask: OpenAsk = {
  id: 'per_1',
  kind: 'permission',
  sessionId: 'ses_1',
  callId: null,
  askedAt: 1,
  permission: 'bash',
  patterns: ['ls'],
}

describe('an answer to an ask that was shown before it was stored', () => {
  const kind = databases.find(({ name }) => name === 'sqlite')
  if (kind === undefined) throw new Error('SQLite is always there')
  let rows: Rows
  let store: SessionStore
  let looks: (() => void)[]
  before(async () => {
    rows = await openRows(kind)
    const sleep = (): Promise<void> => new Promise((resolve) => looks.push(resolve))
    store = createSessionStore({ knex: rows.knex, clock: { now: () => Date.now(), sleep } })
  })
  afterEach(() => rows.clear())
  after(() => rows.close())

  /** A running turn, and an answer to an ask that its row does not have. */
  async function answerEarly() {
    looks = []
    const conversationId = await rows.insertConversation()
    const turnId = await rows.insertTurn(conversationId)
    const claim = await store.claim({ conversationId, turnId, owner: 'worker', leaseMs: 10_000 })
    if (!claim.claimed) throw new Error('the turn is free')
    const answering = store.answerAsk({ turnId, askId: 'per_1', decision: { action: 'allow' } })
    while (looks.length === 0) await new Promise((resolve) => setImmediate(resolve))
    return { lease: claim.lease, turnId, answering }
  }

  it('waits for the row, and is accepted', async () => {
    const { lease, answering } = await answerEarly()
    await store.updateAsks(lease, [{ type: 'opened', ask }])
    looks.shift()?.()
    const answer = await answering
    expect(answer.accepted).to.equal(true)
    expect(answer.ask).to.include({ id: 'per_1', state: 'answered' })
  })

  it('is refused when the turn ends meanwhile', async () => {
    const { turnId, answering } = await answerEarly()
    await store.cancel({ turnId })
    looks.shift()?.()
    expect(await answering).to.deep.equal({ accepted: false, reason: 'missing', ask: null })
  })
})
