import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { openEventStream } from '../src/server-sent-events.js'
import type { EventWriter, EventWriterOptions } from '../src/server-sent-events.js'
import { turnOfTheLoop } from './support/turn-of-the-loop.js'
import { createSettableClock } from './support/settable-clock.js'

describe('openEventStream', () => {
  let server: Server | null = null

  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
  })

  /** A server that opens one stream for each request. */
  async function serve(options?: EventWriterOptions): Promise<{ url: string; opened: Opened }> {
    const opened: Opened = { writers: [], responses: [] }
    server = createServer((_, response) => {
      opened.responses.push(response)
      opened.writers.push(openEventStream(response, options))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return { url: `http://127.0.0.1:${port}`, opened }
  }

  interface Opened {
    readonly writers: EventWriter[]
    readonly responses: ServerResponse[]
  }

  const read = async (reader: AsyncIterator<Buffer>): Promise<string> =>
    String((await reader.next()).value)

  function get(url: string, method = 'GET'): Promise<IncomingMessage> {
    return new Promise((resolve) => request(url, { method }, resolve).end())
  }

  it('sends events whatever lines their data has, until it is closed', async () => {
    const { url, opened } = await serve()
    const response = await get(url)
    expect(response.headers['content-type']).to.equal('text/event-stream; charset=utf-8')
    const reader = response[Symbol.asyncIterator]()
    expect(await read(reader)).to.equal('retry: 1000\n\n')
    opened.writers[0]?.send('a\nb\r\nc\rd\n\nevent: x')
    expect(await read(reader)).to.equal(
      'data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: event: x\n\n',
    )
    opened.writers[0]?.close()
    expect((await reader.next()).done).to.equal(true)
    opened.writers[0]?.send('late')
  })

  it('answers HEAD with the headers, and holds nothing', async () => {
    const { url, opened } = await serve()
    const response = await get(url, 'HEAD')
    await response.resume().toArray()
    expect(response.headers['content-type']).to.include('event-stream')
    expect(opened.writers[0]?.left.aborted).to.equal(true)
  })

  it('says when the reader has left', async () => {
    const { url, opened } = await serve()
    const response = await get(url)
    const [writer] = opened.writers
    if (writer === undefined) throw new Error('no writer')
    expect(writer.left.aborted).to.equal(false)
    response.destroy()
    await once(writer.left, 'abort')
    writer.send('late')
  })

  it('drops a reader that leaves too much unread', async () => {
    const { url, opened } = await serve({ maxUnreadBytes: 100_000 })
    const response = await get(url)
    response.pause()
    response.on('error', () => {})
    const [writer] = opened.writers
    const data = 'x'.repeat(1_000_000)
    for (let sent = 0; sent < 200 && writer?.left.aborted === false; sent += 1) {
      writer.send(data)
      await turnOfTheLoop()
    }
    expect(writer?.left.aborted).to.equal(true)
    expect(opened.responses[0]?.destroyed).to.equal(true)
  })

  it('sends a comment when nothing is sent for long enough', async () => {
    const clock = createManualClock()
    const { url, opened } = await serve({ heartbeatMs: 1000, clock })
    const reader = (await get(url))[Symbol.asyncIterator]()
    await read(reader)
    await clock.advance(600)
    opened.writers[0]?.send('a')
    expect(await read(reader)).to.equal('data: a\n\n')
    const next = read(reader)
    await clock.advance(999)
    await clock.advance(1)
    expect(await next).to.equal(': heartbeat\n\n')
  })

  it('sends it in time when the time of the machine is set back', async () => {
    const clock = createManualClock()
    const machine = createSettableClock(clock)
    const { url } = await serve({ heartbeatMs: 1000, clock: machine })
    const reader = (await get(url))[Symbol.asyncIterator]()
    await read(reader)
    const next = read(reader)
    machine.setBack()
    await clock.advance(1000)
    expect(await next).to.equal(': heartbeat\n\n')
  })

  it('refuses limits that cannot be kept', async () => {
    const { url, opened } = await serve()
    await get(url)
    const [response] = opened.responses
    if (response === undefined) throw new Error('no response')
    for (const option of ['heartbeatMs', 'maxUnreadBytes', 'retryMs'])
      expect(() => openEventStream(response, { [option]: -1 })).to.throw(RangeError, option)
  })
})
