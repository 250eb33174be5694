import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createManualClock, type ManualClock } from '@turnstead/testkit'

import { createClient, type Client, type ClientOptions } from '../src/index.js'
import { failure } from './support/failure.js'
import {
  makeEvent,
  openStream,
  sendJson,
  sendRefusal,
  startStub,
  type StubServer,
  type StubStream,
} from './support/stub-server.js'

describe('events.subscribe', () => {
  let server: StubServer
  let client: Client
  let clock: ManualClock
  let streams: StubStream[]

  const connect = (options: ClientOptions = {}): Client =>
    createClient({ baseUrl: server.url, clock, random: () => 0.5, env: {}, ...options })

  beforeEach(async () => {
    clock = createManualClock(1_800_000_000_000)
    streams = []
    server = await startStub((_, response) => streams.push(openStream(response)))
    client = connect()
  })
  afterEach(async () => {
    await client.close()
    await server.close()
  })

  const stream = (index: number): StubStream => {
    const found = streams[index]
    if (found === undefined) throw new Error(`there is no connection ${index}`)
    return found
  }
  /** Resolves when the next thing to happen is another try to connect. */
  const reconnectWait = (): Promise<void> => server.until(() => (clock.nextInMs ?? 1e9) < 1000)
  const idle = (sessionID: string): Record<string, unknown> =>
    makeEvent('session.idle', { sessionID })

  it('is ready when the server has said server.connected on this connection', async () => {
    await server.close()
    server = await startStub((_, response) => streams.push(openStream(response, false)))
    client = connect()
    const subscription = client.events.subscribe({ session: 'ses_a' })
    let isReady = false
    void subscription.ready.then(() => (isReady = true))
    await server.until(() => streams.length === 1)
    stream(0).send(idle('ses_a'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(isReady).to.equal(false)
    stream(0).send(makeEvent('server.connected', {}))
    await subscription.ready
    stream(0).send(makeEvent('session.compacted', { sessionID: 'ses_a' }))
    for await (const event of subscription) {
      expect(event.type).to.equal('session.compacted')
      break
    }
  })

  it('shares one connection among all subscribers of a directory', async () => {
    const subscriptions = ['ses_a', 'ses_b', 'ses_c'].map((session) =>
      client.events.subscribe({ session }),
    )
    await Promise.all(subscriptions.map((each) => each.ready))
    const other = client.withScope({ directory: '/elsewhere' }).events.subscribe()
    await other.ready
    expect(server.seen.map((each) => each.url)).to.deep.equal([
      '/event',
      '/event?directory=%2Felsewhere',
    ])
  })

  it('hands a session its own events and those of its sub-agents', async () => {
    const subscription = client.events.subscribe({ session: 'ses_a' })
    const alone = client.events.subscribe({ session: 'ses_a', includeChildren: false })
    await subscription.ready
    const created = (id: string, parentID: string): Record<string, unknown> =>
      makeEvent('session.created', { sessionID: id, info: { id, parentID } })
    stream(0).send(created('ses_child', 'ses_a'))
    stream(0).send(created('ses_stranger', 'ses_other'))
    stream(0).send(idle('ses_stranger'))
    stream(0).send(created('ses_grandchild', 'ses_child'))
    stream(0).send(makeEvent('permission.asked', { id: 'per_1', sessionID: 'ses_grandchild' }))
    stream(0).send(idle('ses_a'))
    expect(await take(subscription, 4)).to.deep.equal([
      'session.created ses_child',
      'session.created ses_grandchild',
      'permission.asked ses_grandchild',
      'session.idle ses_a',
    ])
    expect(await take(alone, 1)).to.deep.equal(['session.idle ses_a'])
  })

  it('keeps events of unknown types as they came', async () => {
    const subscription = client.events.subscribe({ session: 'ses_a' })
    await subscription.ready
    stream(0).send({
      id: 'evt_1',
      type: 'session.dreamt',
      properties: { sessionID: 'ses_a', of: [1] },
      more: 2,
    })
    for await (const event of subscription) {
      expect(event).to.deep.equal({
        id: 'evt_1',
        type: 'session.dreamt',
        properties: { sessionID: 'ses_a', of: [1] },
        more: 2,
      })
      break
    }
  })

  it('marks a gap when the connection is back, with the first wait between 0 and 250 ms', async () => {
    const subscription = client.events.subscribe({ session: 'ses_a' })
    await subscription.ready
    stream(0).end()
    await reconnectWait()
    expect(clock.nextInMs).to.equal(125)
    await clock.advance(125)
    await server.until(() => streams.length === 2)
    stream(1).send(idle('ses_a'))
    expect(await take(subscription, 2)).to.deep.equal(['gap reconnect', 'session.idle ses_a'])
  })

  it('calls the gap after an unloaded directory by its name', async () => {
    const subscription = client.events.subscribe({ session: 'ses_a' })
    await subscription.ready
    stream(0).send(makeEvent('server.instance.disposed', { directory: '/x' }))
    stream(0).end()
    await reconnectWait()
    await clock.advance(125)
    expect(await take(subscription, 1)).to.deep.equal(['gap disposed'])
  })

  it('reconnects after three missed heartbeats', async () => {
    const subscription = client.events.subscribe({ session: 'ses_a' })
    await subscription.ready
    await clock.advance(29_999)
    stream(0).send(makeEvent('server.heartbeat', {}))
    stream(0).send(idle('ses_a'))
    await take(subscription, 1, false)
    await clock.advance(29_999)
    expect(streams).to.have.length(1)
    await clock.advance(1)
    await clock.advance(125)
    await server.until(() => streams.length === 2)
    expect(await take(subscription, 1)).to.deep.equal(['gap reconnect'])
  })

  it('starts its waits over after a connection that stayed, and not before', async () => {
    const subscription = client.events.subscribe()
    await subscription.ready
    const waits: (number | null)[] = []
    for (const uptime of [0, 0, 0, 10_000, 0]) {
      await clock.advance(uptime)
      stream(streams.length - 1).reset()
      const before = streams.length
      await reconnectWait()
      waits.push(clock.nextInMs)
      await clock.advance(clock.nextInMs ?? 0)
      await server.until(() => streams.length > before)
      await nextGap(subscription)
    }
    expect(waits).to.deep.equal([125, 250, 500, 125, 250])
  })

  for (const [status, code] of [
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not_found'],
  ] as const) {
    it(`ends with ${code} on ${status}, without another try`, async () => {
      await server.close()
      server = await startStub((_, response) => sendRefusal(response, status))
      client = connect()
      const subscription = client.events.subscribe()
      expect((await failure(subscription.ready)).code).to.equal(code)
      expect((await failure(take(subscription, 1))).status).to.equal(status)
      expect(server.seen).to.have.length(1)
    })
  }

  it('ends with malformed_response when the route answers something else than a stream', async () => {
    await server.close()
    server = await startStub((_, response) => sendJson(response, []))
    client = connect()
    expect((await failure(client.events.subscribe().ready)).code).to.equal('malformed_response')
  })

  for (const [status, type] of [
    [200, 'text/html'],
    [302, 'text/plain'],
    [401, 'text/html'],
    [404, 'text/html'],
    [503, 'application/json'],
  ] as const) {
    it(`comes back after a ${status} that a proxy answers in the server's place`, async () => {
      await server.close()
      let pages = 1
      server = await startStub((_, response) => {
        if (pages-- > 0) response.writeHead(status, { 'content-type': type }).end('{}')
        else openStream(response)
      })
      client = connect()
      const subscription = client.events.subscribe()
      await reconnectWait()
      await clock.advance(clock.nextInMs ?? 0)
      await subscription.ready
      expect(server.seen).to.have.length(2)
    })
  }

  it('gives up with the last error when the server stays away', async () => {
    await server.close()
    client = connect({ reconnect: { giveUpAfterMs: 300 } })
    const subscription = client.events.subscribe()
    const ended = failure(take(subscription, 1))
    for (let tries = 0; tries < 2; tries += 1) {
      await reconnectWait()
      await clock.advance(clock.nextInMs ?? 0)
    }
    expect((await ended).code).to.equal('connection')
  })

  it('frees the socket when the loop is left', async () => {
    const subscription = client.events.subscribe()
    await subscription.ready
    for await (const event of subscription) {
      expect(event.type).to.equal('server.connected')
      break
    }
    await server.until(() => server.openSockets() === 0)
    expect(clock.pending).to.equal(0)
  })

  it('ends at once with the reason of an abort, also while it waits to reconnect', async () => {
    const controller = new AbortController()
    const subscription = client.events.subscribe({ signal: controller.signal })
    await subscription.ready
    stream(0).end()
    await reconnectWait()
    const reason = new Error('enough')
    const ended = take(subscription, 2).catch((error: unknown) => error)
    controller.abort(reason)
    expect(await ended).to.equal(reason)
    expect(clock.pending).to.equal(0)
  })

  it('drops the queue of a slow subscriber and tells it, while others notice nothing', async () => {
    client = connect({ limits: { queueEvents: 3 } })
    const slow = client.events.subscribe({ session: 'ses_a' })
    const quick = client.events.subscribe({ session: 'ses_a' })
    await slow.ready
    const send = (n: number): void => stream(0).send(makeEvent(`test.${n}`, { sessionID: 'ses_a' }))
    for (const n of [1, 2, 3]) send(n)
    const seen = await take(quick, 3, false)
    for (const n of [4, 5]) send(n)
    expect([...seen, ...(await take(quick, 2))]).to.deep.equal(
      [1, 2, 3, 4, 5].map((n) => `test.${n} ses_a`),
    )
    expect(await take(slow, 3)).to.deep.equal(['gap overflow', 'test.4 ses_a', 'test.5 ses_a'])
  })

  it('reconnects with a gap after a frame above the limit', async () => {
    client = connect({ limits: { frameBytes: 1000 } })
    const subscription = client.events.subscribe({ session: 'ses_a' })
    await subscription.ready
    stream(0).write(`data: ${'x'.repeat(1001)}`)
    await reconnectWait()
    await clock.advance(125)
    expect(await take(subscription, 1)).to.deep.equal(['gap reconnect'])
  })

  it('marks a gap for a frame that is no event and goes on', async () => {
    const subscription = client.events.subscribe({ session: 'ses_a' })
    await subscription.ready
    stream(0).write('data: {broken\n\n')
    stream(0).send(idle('ses_a'))
    expect(await take(subscription, 2)).to.deep.equal(['gap malformed', 'session.idle ses_a'])
  })

  it('does not even parse the frames of sessions that no one follows', async () => {
    const subscription = client.events.subscribe({ session: 'ses_a' })
    await subscription.ready
    const broken = '{"id":"evt_1","type":"session.idle","properties":{"sessionID":"ses_x",BROKEN'
    stream(0).write(`data: ${broken}\n\n`)
    stream(0).send(idle('ses_a'))
    expect(await take(subscription, 1)).to.deep.equal(['session.idle ses_a'])
  })

  it('follows a session that is named later', async () => {
    const subscription = client.events.subscribe({ session: 'ses_a' })
    await subscription.ready
    subscription.follow('ses_old_child')
    stream(0).send(idle('ses_old_child'))
    expect(await take(subscription, 1)).to.deep.equal(['session.idle ses_old_child'])
  })

  it('leaves errors of the loop body to their owner', async () => {
    const subscription = client.events.subscribe()
    await subscription.ready
    const own = Object.assign(new Error('mine'), { code: 'ECONNRESET' })
    const caught = await (async () => {
      for await (const _ of subscription) throw own
    })().catch((error: unknown) => error)
    expect(caught).to.equal(own)
    await server.until(() => server.openSockets() === 0)
    expect(streams).to.have.length(1)
  })

  it('ends every subscription with closed when the client is closed', async () => {
    const subscription = client.events.subscribe()
    await subscription.ready
    const ended = failure(take(subscription, 9))
    await client.close()
    expect((await ended).code).to.equal('closed')
    await server.until(() => server.openSockets() === 0)
    expect(clock.pending).to.equal(0)
  })
})

type Items = ReturnType<Client['events']['subscribe']>

/** The next `count` items in short; the subscription stays open unless the test says otherwise. */
async function take(subscription: Items, count: number, thenClose = true): Promise<string[]> {
  const iterator = subscription[Symbol.asyncIterator]()
  const items: string[] = []
  while (items.length < count) {
    const { value, done } = await iterator.next()
    if (done === true) break
    if (value.type === 'gap') items.push(`gap ${value.reason}`)
    else
      items.push(`${value.type} ${String((value.properties as { sessionID?: string }).sessionID)}`)
  }
  if (thenClose) subscription.close()
  return items
}

async function nextGap(subscription: Items): Promise<void> {
  const iterator = subscription[Symbol.asyncIterator]()
  for (;;) {
    const { value, done } = await iterator.next()
    if (done === true || value.type === 'gap') return
  }
}
