import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { createChangeLog, toEventResponse, writeEventStream } from '../src/server-sent-events.js'
import type { ChangeLog } from '../src/server-sent-events.js'
import { foldFrames, parseFrame } from './support/frames.js'
import { beginTurn } from './support/turn.js'

const never = new Promise<void>(() => {})

describe('the stream over HTTP', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function serve(log: ChangeLog, ended: Promise<void>): Promise<string> {
    const server = createServer((request, response) => {
      void writeEventStream(log, request, response, { ended })
    })
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('tells a browser that has seen the end not to come again', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const url = await serve(log, Promise.resolve())
    const response = await fetch(url)
    expect(response.headers.get('content-type')).to.equal('text/event-stream; charset=utf-8')
    const frames = (await response.text()).trim().split('\n\n').map(parseFrame)
    const lastEventId = frames.at(-1)?.id ?? ''
    expect((await fetch(url, { headers: { 'last-event-id': lastEventId } })).status).to.equal(204)
    const request = new Request(url, { headers: { 'last-event-id': lastEventId } })
    expect(toEventResponse(log, request, { ended: Promise.resolve() }).status).to.equal(204)
  })

  it('waits for a slow browser instead of buffering for it', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const response = await fetch(await serve(log, ended))
    const reader = response.body?.getReader()
    const text = turn.write(turn.answer())
    for (let index = 0; index < 300; index += 1) text.grow('0123456789'.repeat(1000))
    end()
    let received = ''
    const decoder = new TextDecoder()
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
      received += decoder.decode(next.value, { stream: true })
    }
    const frames = received.trim().split('\n\n').map(parseFrame)
    expect(frames.at(-1)?.event).to.equal('end')
    expect(foldFrames(frames, turn.reply.view()).parts).to.deep.equal(turn.reply.view().parts)
  })

  it('stops when the host says so', async () => {
    const log = createChangeLog(beginTurn().reply)
    const stop = new AbortController()
    const request = new Request('http://127.0.0.1/')
    const response = toEventResponse(log, request, { ended: never, signal: stop.signal })
    const text = response.text()
    stop.abort()
    expect(await text).to.not.include('event: end')
  })

  it('stops when the browser leaves', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const left = new AbortController()
    const response = toEventResponse(
      log,
      new Request('http://127.0.0.1/', { signal: left.signal }),
      { ended: never },
    )
    const reader = response.body?.getReader()
    await reader?.read()
    const next = reader?.read()
    left.abort()
    expect((await next)?.done).to.equal(true)
  })
})
