import { createOpencodeClient } from '@opencode-ai/sdk'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'

import { createClient, type Client } from '../src/index.js'
import {
  makeEvent,
  openStream,
  startStub,
  type Handler,
  type StubServer,
  type StubStream,
} from './support/stub-server.js'

/**
 * What users of the official client suffer, measured on both: each case says what ours does, and that
 * the official one (`@opencode-ai/sdk`) still does not. When a case fails on its side, it was repaired there.
 */
describe('where the official client fails', () => {
  let server: StubServer
  let client: Client
  const streams: StubStream[] = []
  const stops: AbortController[] = []

  const serve = async (handler: Handler): Promise<void> => {
    streams.length = 0
    server = await startStub(handler)
    const reconnect = { firstDelayMs: 10, maxDelayMs: 20, stableAfterMs: 0 }
    client = createClient({ baseUrl: server.url, env: {}, reconnect })
  }
  const serveStream = (): Promise<void> =>
    serve((_, response) => streams.push(openStream(response)))

  /** The official client's stream, with its waits made short. */
  const official = async (): Promise<AsyncGenerator<unknown>> => {
    const stop = new AbortController()
    stops.push(stop)
    const { stream } = await createOpencodeClient({ baseUrl: server.url }).event.subscribe({
      signal: stop.signal,
      sseDefaultRetryDelay: 20,
      sseMaxRetryDelay: 40,
    })
    return stream
  }
  afterEach(async () => {
    for (const stop of stops.splice(0)) stop.abort()
    await client.close()
    await server.close()
  })
  const settled = async (condition: () => boolean, turns = 300): Promise<boolean> => {
    for (let turn = 0; turn < turns && !condition(); turn += 1) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    return condition()
  }

  it('frees the connection when its loop is left', async () => {
    await serveStream()
    for await (const _ of client.events.subscribe()) break
    expect(await settled(() => server.openSockets() === 0)).to.equal(true)
    for await (const _ of await official()) break
    expect(await settled(() => server.openSockets() === 0)).to.equal(false)
  })

  it('comes back, and says so, when the server closes the stream cleanly', async () => {
    await serveStream()
    const events = client.events.subscribe()
    await events.ready
    streams[0]?.end()
    let reason = ''
    for await (const event of events) {
      if (event.type !== 'gap') continue
      reason = event.reason
      break
    }
    expect(reason).to.equal('reconnect')
    const seen: unknown[] = []
    const theirs = (async () => {
      for await (const event of await official()) seen.push(event)
      return 'ended in silence'
    })()
    await server.until(() => seen.length === 1)
    for (const stream of streams) stream.end()
    expect(await theirs).to.equal('ended in silence')
  })

  it('stops at a refusal and names it, instead of asking for ever', async () => {
    await serve((_, response) => response.writeHead(401).end())
    const error = await client.events.subscribe().ready.catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'unauthorized' })
    expect(server.seen).to.have.length(1)
    const theirs = official().then((stream) => stream.next())
    await server.until(() => server.seen.length >= 4)
    stops[0]?.abort()
    await theirs
  })

  it('ends at once when it is aborted in a wait', async () => {
    await serve((_, response) => response.socket?.destroy())
    const waits = { firstDelayMs: 60_000, maxDelayMs: 60_000 }
    const patient = createClient({
      baseUrl: server.url,
      env: {},
      reconnect: waits,
      random: () => 1,
    })
    const stop = new AbortController()
    const events = patient.events.subscribe({ signal: stop.signal })
    await server.until(() => server.seen.length === 1)
    stop.abort(new Error('enough'))
    const error = await events.ready.catch((reason: unknown) => reason)
    expect(error).to.have.property('message', 'enough')
    await patient.close()

    const theirStop = new AbortController()
    const { stream } = await createOpencodeClient({ baseUrl: server.url }).event.subscribe({
      signal: theirStop.signal,
      sseDefaultRetryDelay: 400,
    })
    const startedAt = Date.now()
    const ended = stream.next()
    await server.until(() => server.seen.length === 2)
    theirStop.abort()
    await ended
    expect(Date.now() - startedAt).to.be.above(300)
  })

  it('notices a connection that has died without a word', async () => {
    await serveStream()
    const watchful = createClient({
      baseUrl: server.url,
      env: {},
      timeouts: { silenceMs: 50 },
      reconnect: { firstDelayMs: 1 },
    })
    const events = watchful.events.subscribe()
    for await (const event of events) if (event.type === 'gap') break
    await watchful.close()
    const before = server.seen.length
    const stream = await official()
    await stream.next()
    const next = stream.next()
    expect(await settled(() => server.seen.length > before + 1, 2000)).to.equal(false)
    stops[0]?.abort()
    await next
  })

  it('forgets its failures after a connection that worked', async () => {
    await serveStream()
    const events = client.events.subscribe()
    await events.ready
    for (let drop = 0; drop < 6; drop += 1) {
      const before = server.seen.length
      streams.at(-1)?.reset()
      await server.until(() => server.seen.length > before)
      for await (const event of { [Symbol.asyncIterator]: () => keepOpen(events) })
        if (event.type === 'gap') break
    }
    events.close()

    const stop = new AbortController()
    stops.push(stop)
    const { stream } = await createOpencodeClient({ baseUrl: server.url }).event.subscribe({
      signal: stop.signal,
      sseDefaultRetryDelay: 20,
    })
    let wait = 0
    await stream.next()
    for (let drop = 0; drop < 5; drop += 1) {
      const before = server.seen.length
      const droppedAt = Date.now()
      const next = stream.next()
      streams.at(-1)?.reset()
      await server.until(() => server.seen.length > before)
      wait = Date.now() - droppedAt
      await next
    }
    expect(wait).to.be.above(150)
  })

  it('understands every line end and data in any pieces', async () => {
    await serveStream()
    const events = client.events.subscribe({ session: 'ses_a' })
    await events.ready
    const event = makeEvent('session.idle', { sessionID: 'ses_a' })
    streams[0]?.write(`data: ${JSON.stringify(event)}\r\n\r\n`)
    for await (const found of events) {
      expect(found).to.deep.equal(event)
      break
    }
    const stream = await official()
    await stream.next()
    const next = stream.next()
    streams.at(-1)?.write(`data: ${JSON.stringify(event)}\r\n\r\n`)
    const isFound = await Promise.race([next.then(() => true), settled(() => false, 500)])
    expect(isFound).to.equal(false)
    stops[0]?.abort()
    await next
  })

  it('uses one connection for any number of subscribers', async () => {
    await serveStream()
    await Promise.all([1, 2, 3, 4].map(() => client.events.subscribe().ready))
    expect(server.seen).to.have.length(1)
    for (let index = 0; index < 4; index += 1) await (await official()).next()
    expect(server.seen).to.have.length(5)
  })

  it('refuses an event that would fill the memory', async () => {
    await serve((_, response) => {
      const stream = openStream(response)
      streams.push(stream)
      if (streams.length === 1) stream.write(`data: "${'x'.repeat(2_000_000)}`)
    })
    const small = createClient({
      baseUrl: server.url,
      env: {},
      limits: { frameBytes: 1_000_000 },
      reconnect: { firstDelayMs: 1 },
    })
    for await (const event of small.events.subscribe()) if (event.type === 'gap') break
    expect(server.seen).to.have.length(2)
    await small.close()
  })

  it('does not take a web page for data', async () => {
    await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    )
    const error = await client.session.list().catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'malformed_response' })
    const { data } = await createOpencodeClient({ baseUrl: server.url }).session.list()
    expect(data).to.equal('<p>')
  })
})

/** The iterator without its end, so that leaving a loop does not close the subscription. */
function keepOpen<T>(events: AsyncIterable<T>): AsyncIterator<T> {
  const iterator = events[Symbol.asyncIterator]()
  return { next: () => iterator.next() }
}
