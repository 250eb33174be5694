import type { TracingChannel } from 'node:diagnostics_channel'

import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import sinon from 'sinon'

import {
  channels,
  createClient,
  createMessageId,
  createPartId,
  type Client,
  type ClientOptions,
} from '../src/index.js'
import {
  openStream,
  sendJson,
  sendRefusal,
  startStub,
  type StubServer,
} from './support/stub-server.js'

let server: StubServer
let client: Client
const secrets = { directory: '/private/dir', password: 'hunter2', body: 'the words' }

beforeEach(async () => {
  server = await startStub((request, response) => {
    if (request.url.startsWith('/event')) openStream(response)
    else if (request.url.includes('prompt_async')) response.writeHead(204).end()
    else if (request.url.includes('ses_slow')) return
    else if (request.url.includes('ses_missing')) sendRefusal(response, 404, 'the words')
    else sendJson(response, { id: 'ses_1', answer: 'the words' })
  })
  client = createClient({
    baseUrl: `${server.url}/?key=hunter2`,
    password: secrets.password,
    directory: secrets.directory,
    env: {},
  })
})
afterEach(async () => {
  await client.close()
  await server.close()
})

const prompt = () => ({
  messageID: createMessageId(),
  parts: [{ id: createPartId(), type: 'text' as const, text: secrets.body }],
})

/** Everything that is published on a channel while `act` runs, in order and as text. */
async function record(
  channel: TracingChannel<unknown, never>,
  act: () => Promise<unknown>,
): Promise<string[]> {
  const seen: string[] = []
  const on = (step: string) => (context: object) =>
    void seen.push(`${step} ${JSON.stringify(context)}`)
  const subscribers = {
    start: on('start'),
    end: on('end'),
    asyncStart: on('asyncStart'),
    asyncEnd: on('asyncEnd'),
    error: on('error'),
  }
  channel.subscribe(subscribers as never)
  await act().catch(() => {})
  channel.unsubscribe(subscribers as never)
  return seen
}

describe('channels', () => {
  it('tell of a request from start to end', async () => {
    const seen = await record(channels.request as never, () => client.session.get('ses_1'))
    const start = '{"method":"GET","route":"/session/{sessionID}","sessionId":"ses_1"}'
    const end = `${start.slice(0, -1)},"status":200}`
    expect(seen).to.deep.equal([
      `start ${start}`,
      `end ${start}`,
      `asyncStart ${end}`,
      `asyncEnd ${end}`,
    ])
  })

  it('tell why a request failed', async () => {
    const seen = await record(channels.request as never, () => client.session.get('ses_missing'))
    expect(seen.at(-1)).to.contain('"status":404,"delivered":"yes","errorCode":"not_found"')
    expect(seen.map((each) => each.split(' ')[0])).to.include('error')
  })

  it('tell of a prompt and its verdict', async () => {
    const seen = await record(channels.prompt as never, () => client.prompt.send('ses_1', prompt()))
    expect(seen.at(-1)).to.contain('"delivered":"yes","evidence":"accepted","sends":1')
  })

  it('tell of a stream connection when it ends', async () => {
    const seen = await record(channels.stream as never, async () => {
      const events = client.events.subscribe()
      await events.ready
      events.close()
      await new Promise((resolve) => setImmediate(resolve))
    })
    expect(seen.at(-1)).to.equal('asyncEnd {"route":"/event","failures":0,"isReady":true}')
  })

  const codes = (seen: readonly string[]): unknown => {
    const last = seen.findLast((each) => each.startsWith('asyncEnd')) ?? ''
    return (JSON.parse(last.slice('asyncEnd '.length)) as { errorCode?: unknown }).errorCode
  }

  it('tell an abort from a call that cannot be sent as it was given', async () => {
    const { request, prompt: sent } = channels
    const signal = AbortSignal.abort(new Error('enough'))
    const stop = new AbortController()
    const hanging = async (): Promise<void> => {
      const answer = client.session.get('ses_slow', { signal: stop.signal })
      await server.until(() => server.seen.some(({ url }) => url.includes('ses_slow')))
      stop.abort()
      await answer
    }
    const one = prompt()
    await client.prompt.send('ses_1', one)
    for (const [channel, code, act] of [
      [request, 'aborted', hanging],
      [request, 'aborted', () => client.session.get('ses_1', { signal })],
      [sent, 'aborted', () => client.prompt.send('ses_1', prompt(), { signal })],
      [sent, 'invalid_call', () => client.prompt.send('ses_2', one)],
      [sent, 'invalid_call', () => client.prompt.send('ses_2', one, { signal })],
      [
        request,
        'invalid_call',
        () => odd({ 'x-bad': 'line\nbreak' }, (each) => each.session.get('ses_1')),
      ],
      [request, 'invalid_call', () => odd(throwing, (each) => each.session.get('ses_1'))],
    ] as const) {
      expect(codes(await record(channel as never, act)), String(act)).to.equal(code)
    }
    const opening = (each: Client): Promise<void> => each.events.subscribe().ready
    const seen = await record(channels.stream as never, () => odd(throwing, opening))
    expect(codes(seen)).to.equal('invalid_call')
  })
  const throwing = (): never => {
    throw new Error('no token')
  }
  /** The same server with headers that cannot be sent. */
  async function odd<T>(
    headers: NonNullable<ClientOptions['headers']>,
    act: (client: Client) => Promise<T>,
  ): Promise<T> {
    const strange = createClient({ baseUrl: server.url, env: {}, headers })
    return await act(strange).finally(() => strange.close())
  }

  it('cost nothing while no one listens', async () => {
    const spies = [channels.request, channels.stream, channels.prompt].flatMap((channel) =>
      [channel.start, channel.asyncEnd].flatMap((step) => [
        sinon.spy(step, 'publish'),
        sinon.spy(step, 'runStores'),
      ]),
    )
    await client.events.subscribe().ready
    await client.prompt.send('ses_1', prompt())
    sinon.restore()
    expect(spies.map(({ callCount }) => callCount)).to.deep.equal(spies.map(() => 0))
  })

  it('carry no query, body, credential or path of this machine', async () => {
    const seen: string[] = []
    for (const channel of [channels.request, channels.stream, channels.prompt]) {
      const steps = await record(channel as never, async () => {
        const events = client.events.subscribe()
        await events.ready
        await client.prompt.send('ses_1', prompt())
        await client.file.read('/private/dir/x').catch(() => {})
        await client.session.get('ses_missing').catch(() => {})
        events.close()
      })
      seen.push(...steps)
    }
    expect(seen).to.have.length.above(10)
    for (const secret of Object.values(secrets)) expect(seen.join('\n')).to.not.contain(secret)
  })
})
