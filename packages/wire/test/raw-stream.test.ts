import { createManualClock, type ManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { createClient, type Client } from '../src/index.js'
import { failure } from './support/failure.js'
import { makeEvent, openStream, startStub, type Handler } from './support/stub-server.js'
import type { StubServer, StubStream } from './support/stub-server.js'

describe('an event stream by request()', () => {
  let server: StubServer
  let client: Client
  let clock: ManualClock
  let streams: StubStream[]

  const serve = async (handler: Handler): Promise<void> => {
    server = await startStub(handler)
    client = createClient({ baseUrl: server.url, env: {}, clock })
  }
  const serveStream = (): Promise<void> =>
    serve((_, response) => streams.push(openStream(response)))
  const next = async (events: AsyncIterable<unknown>): Promise<unknown> =>
    (await events[Symbol.asyncIterator]().next()).value

  beforeEach(() => {
    clock = createManualClock()
    streams = []
  })
  afterEach(async () => {
    await client.close()
    await server.close()
    expect(clock.pending).to.equal(0)
  })

  it('gives every event and ends when the server ends it', async () => {
    await serveStream()
    const events = await client.request('GET', '/event')
    const types: unknown[] = []
    for await (const event of events) {
      types.push(event.type)
      if (types.length > 1) continue
      streams[0]?.send(makeEvent('session.idle', { sessionID: 'ses_a' }))
      streams[0]?.end()
    }
    expect(types).to.deep.equal(['server.connected', 'session.idle'])
  })

  it('frees its socket when the loop is left, and when it is aborted', async () => {
    await serveStream()
    for await (const _ of await client.request('GET', '/global/event')) break
    await server.until(() => server.openSockets() === 0)

    const stop = new AbortController()
    const events = await client.request('GET', '/event', { signal: stop.signal })
    const iterator = events[Symbol.asyncIterator]()
    await iterator.next()
    const reason = new Error('enough')
    const waiting = iterator.next().catch((error: unknown) => error)
    stop.abort(reason)
    expect(await waiting).to.equal(reason)
    await server.until(() => server.openSockets() === 0)
  })

  for (const [options, ms, name] of [
    [{}, 5_000, 'timeouts.streamOpenMs'],
    [{ timeoutMs: 700 }, 700, 'timeoutMs'],
  ] as const) {
    it(`gives up a server that does not answer after ${ms} ms (${name})`, async () => {
      await serve(() => {})
      const failed = failure(next(await client.request('GET', '/event', options)))
      await server.until(() => server.seen.length === 1)
      await clock.advance(ms - 1)
      expect(clock.pending).to.equal(1)
      await clock.advance(1)
      const error = await failed
      expect(error).to.include({ code: 'timeout' })
      expect(error.message).to.contain(name)
      await server.until(() => server.openSockets() === 0)
    })
  }

  for (const path of ['/event', '/global/event', '/api/event'] as const) {
    it(`gives up ${path} when it has been silent for three heartbeats`, async () => {
      await serveStream()
      const iterator = (await client.request('GET', path))[Symbol.asyncIterator]()
      await iterator.next()
      const failed = failure(iterator.next())
      await clock.advance(29_999)
      streams[0]?.write(': heartbeat\n\n')
      await server.until(() => clock.nextInMs === 30_000)
      await clock.advance(29_999)
      expect(clock.pending).to.equal(1)
      await clock.advance(1)
      const error = await failed
      expect(error).to.include({ code: 'timeout', delivered: 'yes' })
      expect(error.message).to.contain('timeouts.silenceMs')
      await server.until(() => server.openSockets() === 0)
    })
  }

  it('does not take a slow reader for a silent server', async () => {
    await serveStream()
    const iterator = (await client.request('GET', '/event'))[Symbol.asyncIterator]()
    await iterator.next()
    await clock.advance(3_600_000)
    const event = makeEvent('session.idle', { sessionID: 'ses_a' })
    streams[0]?.send(event)
    expect((await iterator.next()).value).to.deep.equal(event)
    await iterator.return?.()
  })

  it('waits forever on the one stream that says nothing until there is an event', async () => {
    let answer: (() => StubStream) | undefined
    await serve((_, response) => (answer = () => openStream(response, false)))
    const params = { sessionID: 'ses_a' }
    const events = await client.request('GET', '/api/session/{sessionID}/event', { params })
    const iterator = events[Symbol.asyncIterator]()
    const event = makeEvent('session.idle', { sessionID: 'ses_a' })
    const first = iterator.next()
    await server.until(() => answer !== undefined)
    await clock.advance(3_600_000)
    const stream = answer?.()
    stream?.send(event)
    expect((await first).value).to.deep.equal(event)
    const second = iterator.next()
    await clock.advance(3_600_000)
    stream?.send(event)
    expect((await second).value).to.deep.equal(event)
    await iterator.return?.()
  })

  it('says so when a frame is not JSON', async () => {
    await serve((_, response) => openStream(response, false).write('data: {"a\n\n'))
    const error = await failure(next(await client.request('GET', '/event')))
    expect(error).to.include({ code: 'malformed_response' })
    await server.until(() => server.openSockets() === 0)
  })
})
