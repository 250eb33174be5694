import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import sinon from 'sinon'

import { createClient, type Client, type ClientOptions } from '../../src/index.js'
import { failure } from '../support/failure.js'
import {
  type Handler,
  makeEvent,
  openStream,
  sendRefusal,
  startStub,
  type StubServer,
  type StubStream,
} from '../support/stub-server.js'
import { passUndiciTime, quiesce } from '../support/undici-time.js'
import { officialEntries, type OfficialOptions } from './official.js'

/**
 * What users of the official client's event stream suffer, measured on both: each case says what ours does,
 * and that the official one still does not. When a case fails on its side, it was repaired there.
 */
for (const [name, openOfficial] of officialEntries) {
  describe(`where the event stream of ${name} fails`, () => {
    let server: StubServer
    let clients: Client[]
    let streams: StubStream[]
    let stops: AbortController[]

    beforeEach(() => {
      clients = []
      streams = []
      stops = []
    })
    afterEach(async () => {
      sinon.restore()
      for (const stop of stops) stop.abort()
      for (const client of clients) await client.close()
      await server.close()
    })

    const serve = async (handler: Handler): Promise<void> => {
      server = await startStub(handler)
    }
    const serveStream = (): Promise<void> =>
      serve((_, response) => streams.push(openStream(response)))

    const connect = (options: ClientOptions = {}): Client => {
      const reconnect = { firstDelayMs: 1, maxDelayMs: 2 }
      const client = createClient({ baseUrl: server.url, env: {}, reconnect, ...options })
      clients.push(client)
      return client
    }
    const official = (options: Partial<OfficialOptions> = {}): Promise<AsyncGenerator<unknown>> => {
      const stop = new AbortController()
      stops.push(stop)
      const short = { sseDefaultRetryDelay: 1, sseMaxRetryDelay: 2 }
      return openOfficial(server.url, { signal: stop.signal, ...short, ...options })
    }
    const typeOf = (event: unknown): unknown => (event as { type?: unknown } | undefined)?.type
    /** Whether it comes true, given all the time that what is under way needs. */
    const settled = async (condition: () => boolean, turns = 300): Promise<boolean> => {
      for (let turn = 0; turn < turns && !condition(); turn += 1) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      return condition()
    }

    it('keeps its connection when the loop is left', async () => {
      await serveStream()
      for await (const _ of connect().events.subscribe()) break
      expect(await settled(() => server.openSockets() === 0)).to.equal(true)

      for await (const _ of await official()) break
      expect(await settled(() => server.openSockets() === 0)).to.equal(false)
    })

    it('ends in silence when the server closes the stream cleanly', async () => {
      await serveStream()
      const events = connect().events.subscribe({ session: 'ses_a' })
      await events.ready
      streams[0]?.end()
      for await (const event of events) {
        expect(event).to.include({ type: 'gap', reason: 'reconnect' })
        break
      }

      const stream = await official()
      await stream.next()
      streams.at(-1)?.end()
      expect(await stream.next()).to.deep.equal({ done: true, value: undefined })
    })

    it('never forgets a failure, however well the connection worked since', async () => {
      await serveStream()
      const ourWaits: number[] = []
      const clock = createManualClock()
      const sleep: typeof clock.sleep = (ms, how) => {
        if (ms > 1000) return clock.sleep(ms, how)
        ourWaits.push(ms)
        return Promise.resolve()
      }
      const reconnect = { firstDelayMs: 100, maxDelayMs: 1000, stableAfterMs: 0 }
      const patient = { clock: { now: clock.now, sleep }, reconnect, random: () => 1 }
      const events = connect(patient).events.subscribe({ session: 'ses_a' })
      await events.ready
      const iterator = events[Symbol.asyncIterator]()
      for (let drop = 0; drop < 4; drop += 1) {
        streams.at(-1)?.reset()
        expect(typeOf((await iterator.next()).value)).to.equal('gap')
      }
      expect(ourWaits).to.deep.equal([100, 100, 100, 100])

      const theirWaits: number[] = []
      const stream = await official({
        sseDefaultRetryDelay: 100,
        sseMaxRetryDelay: 1000,
        sseSleepFn: async (ms) => void theirWaits.push(ms),
      })
      await stream.next()
      for (let drop = 0; drop < 4; drop += 1) {
        streams.at(-1)?.reset()
        expect(typeOf((await stream.next()).value)).to.equal('server.connected')
      }
      expect(theirWaits).to.deep.equal([100, 200, 400, 800])
    })

    for (const [status, code] of [
      [401, 'unauthorized'],
      [404, 'not_found'],
      [500, 'server_error'],
    ] as const) {
      it(`asks forever, and reports nothing, when the answer is ${status}`, async () => {
        await serve((_, response) => sendRefusal(response, status))
        const reconnect = {
          firstDelayMs: 1,
          maxDelayMs: 1,
          giveUpAfterMs: status === 500 ? 5 : 1e9,
        }
        const error = await failure(connect({ reconnect }).events.subscribe().ready)
        expect(error).to.include({ code, status })
        const asked = server.seen.length
        if (status !== 500) expect(asked).to.equal(1)

        let isTold = false
        const stream = await official()
        const next = stream.next().finally(() => (isTold = true))
        await server.until(() => server.seen.length >= asked + 8)
        expect(isTold).to.equal(false)
        stops.at(-1)?.abort()
        await next
      })
    }

    it('sleeps to the end of its wait when it is aborted', async () => {
      await serve((_, response) => response.socket?.destroy())
      const clock = createManualClock()
      const stop = new AbortController()
      const reconnect = { firstDelayMs: 60_000, maxDelayMs: 60_000 }
      const patient = connect({ clock, reconnect, random: () => 1 })
      const events = patient.events.subscribe({ signal: stop.signal })
      await server.until(() => clock.nextInMs === 60_000)
      const reason = new Error('enough')
      stop.abort(reason)
      expect(await events.ready.catch((error: unknown) => error)).to.equal(reason)

      let wake = (): void => {}
      const sseSleepFn = (): Promise<void> => new Promise((resolve) => (wake = resolve))
      let hasEnded = false
      const stream = await official({ sseSleepFn })
      const ended = stream.next().finally(() => (hasEnded = true))
      await server.until(() => server.seen.length === 2)
      stops.at(-1)?.abort()
      expect(await settled(() => hasEnded)).to.equal(false)
      wake()
      await ended
    })

    it('waits forever on a connection that has died without a word', async () => {
      await serveStream()
      const clock = createManualClock()
      const events = connect({ clock, random: () => 0 }).events.subscribe()
      await events.ready
      await clock.advance(31_000)
      await server.until(() => server.seen.length === 2)
      for await (const event of events) if (event.type === 'gap') break

      const stream = await official()
      await stream.next()
      const next = stream.next()
      // Nine heartbeats are missed, and all that watches is undici, which gives it 300 s.
      passUndiciTime(99_000)
      await quiesce(300)
      expect(server.seen).to.have.length(3)
      stops.at(-1)?.abort()
      await next
    })

    it('does not say that events were missed', async () => {
      await serveStream()
      const later = makeEvent('session.idle', { sessionID: 'ses_a' })
      const events = connect().events.subscribe({ session: 'ses_a' })
      await events.ready
      streams[0]?.reset()
      await server.until(() => streams.length === 2)
      streams[1]?.send(later)
      const ours: unknown[] = []
      for await (const event of events) if (ours.push(event.type) === 2) break
      expect(ours).to.deep.equal(['gap', 'session.idle'])

      const stream = await official()
      await stream.next()
      const next = stream.next()
      streams[2]?.reset()
      await server.until(() => streams.length === 4)
      streams[3]?.send(later)
      const theirs = [(await next).value, (await stream.next()).value].map(typeOf)
      expect(theirs).to.deep.equal(['server.connected', 'session.idle'])
      expect(server.seen[3]?.headers).to.not.have.property('last-event-id')
    })

    it('takes an event of any size into memory', async () => {
      const big = JSON.stringify(makeEvent('session.idle', { text: 'x'.repeat(4_000_000) }))
      await serve((_, response) => {
        const stream = openStream(response)
        streams.push(stream)
        if (streams.length !== 2) stream.write(`data: ${big}\n\n`)
      })
      const small = connect({ limits: { frameBytes: 1_000_000 } }).events.subscribe()
      for await (const event of small) if (event.type === 'gap') break
      expect(server.seen).to.have.length(2)

      const stream = await official()
      await stream.next()
      const { value } = await stream.next()
      expect(JSON.stringify(value)).to.have.length(big.length)
    })

    it('searches all that it holds again for every chunk', async () => {
      await serveStream()
      const big = JSON.stringify(makeEvent('session.idle', { text: 'x'.repeat(512_000) }))
      const chunks = big.match(/.{1,16384}/g) ?? []
      const sendBig = async (): Promise<void> => {
        streams.at(-1)?.write('data: ')
        for (const chunk of chunks) {
          streams.at(-1)?.write(chunk)
          // So that each is a chunk of its own for the reader, too.
          await settled(() => false, 5)
        }
        streams.at(-1)?.write('\n\n')
      }
      const events = connect().events.subscribe()
      await events.ready
      let touched = countTouched()
      await sendBig()
      for await (const event of events) if (event.type === 'session.idle') break
      expect(touched()).to.be.below(8 * big.length)

      const stream = await official()
      await stream.next()
      touched = countTouched()
      const next = stream.next()
      await sendBig()
      await next
      expect(touched()).to.be.above(12 * big.length)
    })

    it('opens a connection for every subscriber', async () => {
      await serveStream()
      const client = connect()
      await Promise.all([1, 2, 3, 4].map(() => client.events.subscribe().ready))
      expect(server.seen).to.have.length(1)
      for (let index = 0; index < 4; index += 1) await (await official()).next()
      expect(server.seen).to.have.length(5)
    })

    it('parses the events of every session for a reader of one', async () => {
      await serveStream()
      const parsed: string[] = []
      const { parse } = JSON
      sinon.replace(JSON, 'parse', (text, reviver) => {
        if (String(text).includes('ses_other')) parsed.push(text)
        return parse(text, reviver)
      })
      const sendBoth = (): void => {
        streams.at(-1)?.send(makeEvent('message.part.delta', { sessionID: 'ses_other' }))
        streams.at(-1)?.send(makeEvent('session.idle', { sessionID: 'ses_a' }))
      }
      const events = connect().events.subscribe({ session: 'ses_a' })
      await events.ready
      sendBoth()
      for await (const event of events) if (event.type === 'session.idle') break
      expect(parsed).to.have.length(0)

      const stream = await official()
      await stream.next()
      const next = stream.next()
      sendBoth()
      await next
      await stream.next()
      expect(parsed).to.have.length(1)
    })
  })
}

/** Counts the bytes and characters that are searched, split or copied from now on. */
function countTouched(): () => number {
  let total = 0
  sinon.restore()
  const count = (target: object, methods: readonly string[]): void => {
    for (const method of methods) {
      const stub = sinon.stub(target, method as never) as sinon.SinonStub
      stub.callsFake(function (this: { length: number }, ...args: unknown[]): unknown {
        total += this.length
        return stub.wrappedMethod.apply(this, args)
      })
    }
  }
  count(String.prototype, ['split'])
  count(Buffer.prototype, ['indexOf', 'includes', 'toString'])
  const concat = sinon.stub(Buffer, 'concat')
  concat.callsFake((list, size) => {
    total += list.reduce((sum, each) => sum + each.length, 0)
    return concat.wrappedMethod(list, size)
  })
  return () => total
}
