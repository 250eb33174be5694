import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createManualClock, type ManualClock } from '@turnstead/testkit'

import { createClient, type Client, type Gap, type ServerEvent } from '../src/index.js'
import {
  makeEvent,
  openStream,
  startStub,
  type StubServer,
  type StubStream,
} from './support/stub-server.js'

const frameOf = (event: unknown): string => `data: ${JSON.stringify(event)}\n\n`
const idle = (sessionID: string): ServerEvent =>
  makeEvent('session.idle', { sessionID }) as unknown as ServerEvent

let deltas = 0

/** A delta as the server writes it, with ids of the server's length. */
const delta = (text: string): ServerEvent => {
  deltas += 1
  return {
    id: `evt_1f8e774b9001w5bWn7HaJB${String(deltas).padStart(4, '0')}`,
    type: 'message.part.delta',
    properties: {
      sessionID: 'ses_e07189059ffe6sH2qYREDiaEXS',
      messageID: 'msg_1f8e77494001FZDdH1K4uaIjcU',
      partID: 'prt_1f8e774b7001qfMcBRzo0dYnni',
      field: 'text',
      delta: text,
    },
  }
}

describe('the bytes of an event stream', () => {
  let server: StubServer
  let client: Client
  let clock: ManualClock
  let streams: StubStream[]
  let isConfirmed: boolean

  beforeEach(async () => {
    clock = createManualClock(1_800_000_000_000)
    streams = []
    isConfirmed = true
    server = await startStub((_, response) => streams.push(openStream(response, isConfirmed)))
    client = createClient({ baseUrl: server.url, clock, random: () => 0.5, env: {} })
  })
  afterEach(async () => {
    await client.close()
    await server.close()
  })

  it('brings every event to a subscriber of all, deltas that look alike included', async () => {
    const sent = [delta('a'), idle('ses_a'), delta('b\n"é"'), delta(''), idle('ses_b')]
    const subscription = client.events.subscribe()
    await subscription.ready
    for (const event of sent) streams[0]?.send(event)
    const [connected, ...events] = await read(subscription, sent.length + 1)
    expect(connected?.type).to.equal('server.connected')
    expect(events).to.deep.equal(sent)
  })

  it('brings a delta that looks like the last one only to those who follow its session', async () => {
    const mine = delta('a')
    const sessionID = 'ses_e07189059ffe6sH2qYREDiaEXS'
    const one = client.events.subscribe({ session: sessionID })
    const other = client.events.subscribe({ session: 'ses_b' })
    await other.ready
    for (const event of [mine, delta('b'), delta('c'), idle('ses_b')]) streams[0]?.send(event)
    expect((await read(one, 3)).map(textOf)).to.deep.equal(['a', 'b', 'c'])
    expect((await read(other, 1)).map(({ type }) => type)).to.deep.equal(['session.idle'])
  })

  it('keeps a followed event that shares its chunk with one that no one follows', async () => {
    const subscription = client.events.subscribe({ session: 'ses_a' })
    await subscription.ready
    const wanted = idle('ses_a')
    streams[0]?.write(frameOf(idle('ses_x')) + frameOf(wanted))
    expect(await read(subscription, 1)).to.deep.equal([wanted])
  })

  it('brings nothing that a connection says before it has confirmed itself', async () => {
    const subscription = client.events.subscribe({ session: 'ses_e07189059ffe6sH2qYREDiaEXS' })
    await subscription.ready
    streams[0]?.send(delta('before'))
    await read(subscription, 1, { close: false })
    isConfirmed = false
    streams[0]?.end()
    await server.until(() => (clock.nextInMs ?? 1e9) < 1000)
    await clock.advance(1000)
    await server.until(() => streams.length === 2)
    streams[1]?.write(frameOf(delta('too early')) + frameOf(makeEvent('server.connected', {})))
    streams[1]?.send(delta('after'))
    const [gap, after] = await read(subscription, 2)
    expect(gap).to.deep.equal({ type: 'gap', reason: 'reconnect' })
    expect(textOf(after)).to.equal('after')
  })
})

type Items = ReturnType<Client['events']['subscribe']>

async function read(
  subscription: Items,
  count: number,
  { close = true } = {},
): Promise<(ServerEvent | Gap)[]> {
  const iterator = subscription[Symbol.asyncIterator]()
  const items: (ServerEvent | Gap)[] = []
  while (items.length < count) {
    const { value, done } = await iterator.next()
    if (done === true) break
    items.push(value)
  }
  if (close) subscription.close()
  return items
}

function textOf(event: ServerEvent | Gap | undefined): string | undefined {
  return event?.type === 'message.part.delta' ? event.properties.delta : undefined
}
