import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { outboxStoreContract, type OutboxSubject } from '@turnstead/session/contract'
import { createManualClock } from '@turnstead/testkit'
import { runContract } from '@turnstead/testkit/contract'
import { expect } from 'chai'
import fc from 'fast-check'
import { afterEach, describe, it } from 'mocha'
import { retryDelay } from '../src/outbox/retry-delay.js'
import {
  createOutbox,
  isSignedWebhook,
  type Deliver,
  type Outbox,
  type OutboxEvent,
  type OutboxOptions,
  webhook,
} from '../src/outbox.js'
import { createMemoryOutbox } from './support/memory-outbox.js'

describe('the outbox of these tests', () => {
  runContract({ describe, it }, 'keeps the contract of rows', outboxStoreContract, {
    open: async () => {
      let now = 1_000
      const store = createMemoryOutbox({ now: () => now })
      const subject: OutboxSubject = {
        store,
        another: () => store,
        write: async (turnId) => store.write(turnId),
        advance: (ms) => void (now += ms),
      }
      return { subject, close: async () => undefined }
    },
  })
})

describe('createOutbox', () => {
  const open: Outbox[] = []
  afterEach(() => Promise.all(open.splice(0).map((outbox) => outbox.close())))

  function start(options: OutboxOptions): Outbox {
    const outbox = createOutbox(options)
    open.push(outbox)
    return outbox
  }

  /** Lets what is under way go on. */
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  it('is kept waiting by no call of its store that does not answer, neither to go on nor to close', async () => {
    const clock = createManualClock()
    const rows = createMemoryOutbox(clock)
    rows.write('a')
    const told: string[] = []
    const errors: unknown[] = []
    let takes = 0
    const never = (): Promise<never> => new Promise(() => undefined)
    const outbox = start({
      store: {
        ...rows,
        take: async (request) => ((takes += 1) === 1 ? await never() : await rows.take(request)),
        delivered: never,
      },
      clock,
      timeoutMs: 1_000,
      deliver: (event) => void told.push(event.id),
      onError: (error) => errors.push(error),
    })
    await clock.advance(1_000)
    await clock.advance(1_000)
    await settle()
    expect(told).to.deep.equal(['evt_a'])
    const closing = outbox.close()
    await clock.advance(1_000)
    await closing
    expect(errors.map(String).join()).to.include('did not answer')
  })

  it('delivers each event, again after failures with pauses that grow, and lays it aside in the end', async () => {
    const clock = createManualClock()
    const store = createMemoryOutbox(clock)
    store.write('a')
    const tries: number[] = []
    const dead: string[] = []
    const errors: unknown[] = []
    start({
      store,
      clock,
      random: () => 1,
      retries: { maxAttempts: 4, firstDelayMs: 10_000, maxDelayMs: 30_000 },
      deliver: () => {
        tries.push(clock.now())
        throw new Error('not now')
      },
      onError: (error) => errors.push(error),
      onDead: ({ turnId }) => dead.push(String(turnId)),
    })
    for (let step = 0; step < 100; step += 1) {
      await settle()
      await clock.advance(1_000)
    }
    const [first = 0] = tries
    const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? first))
    expect(pauses).to.deep.equal([10_000, 20_000, 30_000])
    expect(dead).to.deep.equal(['a'])
    expect(errors).to.have.length(4)
    expect((await store.count()).dead).to.equal(1)
    await store.replay()
    await settle()
    await clock.advance(1_000)
    await settle()
    expect(tries).to.have.length(5)
  })

  it('delivers no more at once than it may, and none twice', async () => {
    const clock = createManualClock()
    const store = createMemoryOutbox(clock)
    for (let count = 0; count < 25; count += 1) store.write(`turn ${count}`)
    let under = 0
    let most = 0
    const told: string[] = []
    start({
      store,
      clock,
      concurrency: 4,
      deliver: async ({ turnId }) => {
        under += 1
        most = Math.max(most, under)
        await settle()
        under -= 1
        told.push(String(turnId))
      },
    })
    for (let step = 0; step < 200 && told.length < 25; step += 1) await settle()
    expect(most).to.equal(4)
    expect(told).to.have.length(25)
    expect(new Set(told).size).to.equal(25)
  })

  it('gives up a delivery that does not answer, and goes on when the store was away', async () => {
    const clock = createManualClock()
    const store = createMemoryOutbox(clock)
    store.write('a')
    let isAway = true
    let isAborted = false
    const errors: string[] = []
    start({
      clock,
      timeoutMs: 5_000,
      store: {
        ...store,
        take: (request) => {
          if (isAway) throw new Error('the store is away')
          return store.take(request)
        },
      },
      deliver: (_, { signal }) =>
        new Promise(() => signal.addEventListener('abort', () => (isAborted = true))),
      onError: (error, { event }) => errors.push(`${event?.turnId ?? 'store'}: ${String(error)}`),
    })
    await settle()
    isAway = false
    for (let step = 0; step < 8; step += 1) {
      await clock.advance(1_000)
      await settle()
    }
    expect(isAborted).to.equal(true)
    expect(errors[0]).to.match(/^store: .*away/)
    expect(errors[1]).to.match(/^a: .*5000 ms/)
  })

  it('counts no failure for an event that its own end interrupted', async () => {
    const clock = createManualClock()
    const store = createMemoryOutbox(clock)
    store.write('a')
    const outbox = start({ store, clock, deliver: () => new Promise(() => undefined) })
    await settle()
    await outbox.close()
    await clock.advance(120_000)
    const told: OutboxEvent[] = []
    start({ store, clock, deliver: (event) => void told.push(event) })
    await settle()
    await settle()
    expect(told).to.have.length(1)
    expect(told[0]).to.include({ attempts: 0 })
  })

  it('forgets what was delivered long ago, and keeps the rest', async () => {
    const clock = createManualClock()
    const store = createMemoryOutbox(clock)
    store.write('old')
    start({ store, clock, pollMs: 60_000, keepMs: 600_000, deliver: () => undefined })
    await settle()
    await settle()
    await clock.advance(300_000)
    store.write('new')
    for (let minute = 0; minute < 7; minute += 1) {
      await clock.advance(60_000)
      await settle()
      await settle()
    }
    expect(await store.prune({ olderThanMs: -1, limit: 10 })).to.equal(1)
  })

  it('looks at once when it is woken', async () => {
    const clock = createManualClock()
    const store = createMemoryOutbox(clock)
    const told: unknown[] = []
    const outbox = start({ store, clock, deliver: (event) => void told.push(event) })
    await settle()
    store.write('a')
    outbox.wake()
    await settle()
    await settle()
    expect(told).to.have.length(1)
  })

  it('refuses numbers that make no sense', () => {
    const store = createMemoryOutbox({ now: () => 0 })
    expect(() => createOutbox({ store: {}, deliver: () => undefined } as never)).to.throw(
      TypeError,
      '`store` is missing: give it `createOutboxStore`',
    )
    expect(() => createOutbox({ store } as never)).to.throw(TypeError, '`deliver` must be')
    expect(() => createOutbox({ store, deliver: () => undefined, concurrency: 0 })).to.throw(
      RangeError,
      'concurrency',
    )
  })
})

describe('the pauses of an outbox', () => {
  it('grow to their limit, are half chance, and end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, chance) => {
          const retries = { maxAttempts: 50, firstDelayMs: 5_000, maxDelayMs: 60_000 }
          const pause = retryDelay(attempt, retries, () => chance)
          if (attempt >= 50) return pause === null
          const whole = Math.min(60_000, 5_000 * 2 ** (attempt - 1))
          return pause !== null && pause >= Math.floor(whole / 2) && pause <= whole
        },
      ),
    )
  })
})

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

describe('webhook', () => {
  const secret = `whsec_${Buffer.from('a secret of thirty-two bytes long').toString('base64')}`
  const event: OutboxEvent = {
    id: 'evt_1',
    type: 'turn.ended',
    turnId: 9_007_199_254_740_993n,
    conversationId: 'c',
    at: 1_000,
    status: 'completed',
    reason: null,
    askId: null,
    attempts: 3,
  }
  const { signal } = new AbortController()
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function receive(status: number, received: Received[] = []): Promise<string> {
    const server = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8')
      request.on('data', (piece: string) => (body += piece))
      request.on('end', () => {
        received.push({ headers: request.headers, body })
        response.writeHead(status, { location: '/elsewhere' }).end('an answer')
      })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  }

  it('posts the event, signed so that the receiver can tell it from any other', async () => {
    const received: Received[] = []
    const url = await receive(204, received)
    const now = (): number => 1_700_000_000_000
    await webhook({ url, secret, now, headers: { authorization: 'Bearer x' } })(event, { signal })
    const [{ headers, body } = { headers: {}, body: '' }] = received
    expect(JSON.parse(body)).to.deep.equal({
      id: 'evt_1',
      type: 'turn.ended',
      turnId: '9007199254740993',
      conversationId: 'c',
      at: 1_000,
      status: 'completed',
      reason: null,
      askId: null,
    })
    expect(headers).to.include({ 'webhook-id': 'evt_1', authorization: 'Bearer x' })
    const check = { secret, headers, body, now }
    expect(isSignedWebhook(check)).to.equal(true)
    expect(isSignedWebhook({ ...check, body: Buffer.from(body) })).to.equal(true)
    const others = {
      body: { ...check, body: `${body} ` },
      secret: { ...check, secret: 'another secret of many bytes' },
      id: { ...check, headers: { ...headers, 'webhook-id': 'evt_2' } },
      early: { ...check, now: () => now() - 6 * 60_000 },
      late: { ...check, now: () => now() + 6 * 60_000 },
      time: { ...check, headers: { ...headers, 'webhook-timestamp': '1700000001' } },
      none: { ...check, headers: {} },
      version: {
        ...check,
        headers: { ...headers, 'webhook-signature': 'v2,abc v1,' },
      },
    }
    for (const [what, other] of Object.entries(others)) {
      expect(isSignedWebhook(other), what).to.equal(false)
    }
  })

  it('signs with the old and the new secret while one takes the place of the other', async () => {
    const received: Received[] = []
    const url = await receive(200, received)
    const next = 'a new secret with enough bytes'
    await webhook({ url, secret: [secret, next] })(event, { signal })
    const [{ headers, body } = { headers: {}, body: '' }] = received
    for (const each of [secret, next]) {
      expect(isSignedWebhook({ secret: each, headers, body })).to.equal(true)
    }
  })

  it('fails for every answer but 2xx, follows nothing, and tells nothing of what was said', async () => {
    for (const status of [302, 400, 410, 500]) {
      const received: Received[] = []
      const deliver: Deliver = webhook({ url: await receive(status, received), secret })
      const error: unknown = await Promise.resolve(deliver(event, { signal })).catch(
        (reason: unknown) => reason,
      )
      expect(error).to.be.instanceOf(Error)
      expect(String(error)).to.include(`${status}`).and.to.include('evt_1')
      expect(String(error)).to.not.include('an answer')
      expect(received).to.have.length(1)
    }
  })

  it('refuses addresses and secrets that are none', () => {
    expect(() => webhook({ url: 'file:///etc/passwd', secret })).to.throw(TypeError)
    expect(() => webhook({ url: 'nowhere', secret })).to.throw(TypeError)
    expect(() => webhook({ url: 'https://example.com', secret: 'short' })).to.throw(TypeError)
    expect(() => webhook({ url: 'https://example.com', secret: [] })).to.throw(TypeError)
  })
})
