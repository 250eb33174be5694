// A process of its own, so that the measured process pays only for its own side of the socket. It sends
// the prepared frames to every connection, each as one HTTP chunk as the real server does, as soon as
// the reader has said that it is ready.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { joinedToOne, spreadOverSessions, streamedDeltas } from './payloads.js'

const [kind, count = '1', sessions = '1', burst = '10'] = process.argv.slice(2)
const make = { deltas: streamedDeltas, joined: joinedToOne }[kind ?? ''] ?? spreadOverSessions
const payloads = make(Number(count), Number(sessions))
const last = '{"id":"evt_last","type":"bench.last","properties":{}}'
const waiting: ServerResponse[] = []

async function blast(response: ServerResponse): Promise<void> {
  for (let index = 0; index < payloads.length;) {
    const end = Math.min(index + Number(burst), payloads.length)
    for (; index < end; index += 1) response.write(`data: ${payloads[index]}\n\n`)
    await new Promise((resolve) => setImmediate(resolve))
    if (response.writableNeedDrain) await new Promise((resolve) => response.once('drain', resolve))
  }
  // One end mark per session, so that every subscriber of one sees it.
  for (const name of new Set(payloads.map((each) => each.match(/"sessionID":"([^"]*)"/)?.[1]))) {
    response.write(
      `data: {"id":"evt_end","type":"bench.end","properties":{"sessionID":"${name}"}}\n\n`,
    )
  }
  response.write(`data: ${last}\n\n`)
}

const server = createServer((request, response) => {
  if (request.url?.startsWith('/event') === true) {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"id":"evt_0","type":"server.connected","properties":{}}\n\n')
    waiting.push(response)
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end('true')
  if (request.url?.startsWith('/start') === true)
    for (const each of waiting.splice(0)) void blast(each)
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
