import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { channels, createSessionStore, type VerbTrace } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const secret = 'hunter2'

describe('the tracing channel of the verbs', () => {
  const kind = databases.find(({ name }) => name === 'sqlite')
  if (kind === undefined) throw new Error('SQLite is always there')
  let rows: Rows
  let seen: string[]

  const on = (event: string) => (context: VerbTrace) =>
    void seen.push(`${event} ${JSON.stringify(context)}`)
  const subscribers = {
    start: on('start'),
    end: on('end'),
    asyncStart: on('asyncStart'),
    asyncEnd: on('asyncEnd'),
    error: on('error'),
  }

  beforeEach(async () => {
    seen = []
    rows = await openRows(kind)
  })
  afterEach(async () => {
    channels.verb.unsubscribe(subscribers)
    await rows.close()
  })

  it('tells of each call with its outcome, and nothing of what is in the rows', async () => {
    const conversationId = await rows.insertConversation()
    const turnId = await rows.insertTurn(conversationId)
    const store = createSessionStore({ knex: rows.knex })
    channels.verb.subscribe(subscribers)
    const request = { conversationId, turnId, owner: secret, leaseMs: 10_000, input: secret }
    const { claim } = store
    const claimed = await claim(request)
    if (!claimed.claimed) throw new Error('the turn is free')
    await store.snapshot(claimed.lease, { reply: { secret }, text: secret })
    await claim({ ...request, owner: 'other' })
    await store.read(turnId)
    await store.cancel({ turnId, reason: secret })
    await store.snapshot(claimed.lease, { reply: {}, text: '' })
    const context = (verb: string, more: object): string =>
      JSON.stringify({ verb, turnId, conversationId, ...more })
    expect(seen.slice(0, 4)).to.deep.equal([
      `start ${context('claim', {})}`,
      `end ${context('claim', {})}`,
      `asyncStart ${context('claim', { outcome: 'claimed' })}`,
      `asyncEnd ${context('claim', { outcome: 'claimed' })}`,
    ])
    const ends = seen.filter((each) => each.startsWith('asyncEnd'))
    expect(ends.map((each) => /"outcome":"(\w+)"/.exec(each)?.[1])).to.deep.equal([
      'claimed',
      'done',
      'busy',
      'found',
      'done',
      'refused',
    ])
    expect(seen.join()).not.to.include(secret)
  })

  it('tells why a verb failed by its code', async () => {
    const store = createSessionStore({ knex: rows.knex })
    channels.verb.subscribe(subscribers)
    const failing = store.ensureSession('999', {} as never)
    await failing.catch(() => undefined)
    expect(seen.at(-1)).to.equal(
      'asyncEnd {"verb":"ensureSession","turnId":null,"conversationId":"999","errorCode":"conversation_not_found"}',
    )
    expect(seen.map((each) => each.split(' ')[0])).to.include('error')
  })

  it('is not written to without a subscriber', async () => {
    const store = createSessionStore({ knex: rows.knex })
    expect(await store.read('999')).to.equal(null)
    expect(seen).to.deep.equal([])
  })
})
