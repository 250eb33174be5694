import { gate, on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn } from '../src/index.js'
import { createTurnRoutes, type RouteStore, type TurnRoutes } from '../src/http.js'
import { arrived, ends, looks } from './support/inbox.js'
import { openRig, type Rig } from './support/rig.js'

describe('the routes of messages that wait', () => {
  let rig: Rig
  let routes: TurnRoutes

  beforeEach(async () => {
    rig = await openRig([
      on('Hello', reply(...looks)),
      on('And this', reply(text('Both.'), gate('both'))),
      on('Then', reply(text('Then.'))),
    ])
    routes = open(rig.rows.anotherStore())
  })
  afterEach(() => rig.close())

  const open = (store: RouteStore, withInput = true): TurnRoutes =>
    createTurnRoutes({
      store,
      authorize: () => ({ userId: 7 }),
      begin: async ({ text: words }) => {
        const turnId = await rig.rows.addMessage()
        const input = withInput ? JSON.stringify({ text: words }) : null
        await rig.rows.database.knex('messages').where({ id: turnId }).update({ turn_input: input })
        return turnId
      },
    })

  async function post(path: string, body: unknown = {}, to = routes): Promise<[number, unknown]> {
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    const response = await to(new Request(`http://app.test${path}`, init))
    return response === null ? [0, null] : [response.status, await response.json()]
  }
  const start = '/conversations/1/turns'

  it('queue by default, steer when they are asked to, and say which', async () => {
    expect(await post(start, { text: 'Hello' })).to.deep.equal([
      201,
      { turnId: 1, delivery: 'queue' },
    ])
    const running = runTurn(rig.options(1, 'Hello', { timing: { leaseMs: 300 } }))
    await rig.impostor.gate('look').reached()
    expect(await post(start, { text: 'Then' })).to.deep.equal([
      201,
      { turnId: 2, delivery: 'queue' },
    ])
    const steer = { text: 'And this', delivery: 'steer' }
    expect(await post(start, steer)).to.deep.equal([201, { turnId: 3, delivery: 'steer' }])
    await arrived(rig, 2)
    rig.impostor.gate('look').open()
    rig.impostor.gate('both').open()
    expect(await running).to.include({ next: 2 })
    await runTurn(rig.options(2, 'ignored'))
    expect(await ends(rig)).to.deep.equal([
      'completed: I look.',
      'completed: Then.',
      'completed: Both.',
    ])
  })

  it('take a message back until it is taken', async () => {
    await post(start, { text: 'Hello' })
    await post(start, { text: 'Then' })
    const running = runTurn(rig.options(1, 'Hello'))
    await rig.impostor.gate('look').reached()
    expect(await post('/turns/2/withdraw')).to.deep.equal([200, { outcome: 'withdrawn' }])
    expect(await post('/turns/2/withdraw')).to.deep.equal([200, { outcome: 'withdrawn' }])
    const [taken, why] = await post('/turns/1/withdraw')
    expect(taken).to.equal(409)
    expect(why).to.have.nested.property('error.code', 'turn_taken')
    rig.impostor.gate('look').open()
    await running
    const [, over] = await post('/turns/1/withdraw')
    expect(over).to.have.nested.property('error.code', 'turn_settled')
    expect((await post('/turns/77/withdraw'))[0]).to.equal(404)
  })

  it('refuse what is no delivery, and are as they were where the store has no line', async () => {
    const [status, refused] = await post(start, { text: 'Hello', delivery: 'now' })
    expect(status).to.equal(400)
    expect(refused).to.have.nested.property('error.code', 'invalid_body')
    const store = { ...rig.rows.store, enqueue: undefined, withdraw: undefined }
    const plain = open(store as unknown as RouteStore)
    expect(await post(start, { text: 'Hello' }, plain)).to.deep.equal([
      201,
      { turnId: 1, delivery: null },
    ])
    expect((await post('/turns/1/withdraw', {}, plain))[0]).to.equal(0)
  })

  it('say that a row without what is asked is not in the line', async () => {
    const bare = open(rig.rows.anotherStore(), false)
    expect(await post(start, { text: 'Hello', delivery: 'steer' }, bare)).to.deep.equal([
      201,
      { turnId: 1, delivery: null },
    ])
  })
})
