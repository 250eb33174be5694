import { createOpencodeClient } from '@opencode-ai/sdk'

import { createClient } from '../src/index.js'
import type { Bench, Figure } from './bench.js'
import { cpuMicros, leastOf, round, startProcess, type Reader } from './support/measure.js'
import { sessionName, spreadOverSessions, streamedDeltas } from './support/payloads.js'

const eventCount = 20_000
const framesPerWrite = 100
const limits = { queueEvents: 1e6, queueBytes: 1e9 }

/** CPU time to read the whole stream with so many subscribers, each for its own session. */
function readWithWire(url: string, sessions: number): Reader {
  return async () => {
    const client = createClient({ baseUrl: url, env: {}, limits })
    const subscriptions = Array.from({ length: sessions }, (_, index) =>
      client.events.subscribe({ session: sessionName(index) }),
    )
    await Promise.all(subscriptions.map((each) => each.ready))
    const before = cpuMicros()
    await fetch(`${url}/start`)
    await Promise.all(
      subscriptions.map(async (events) => {
        for await (const event of events) if (isEnd(event)) break
      }),
    )
    const used = cpuMicros() - before
    await client.close()
    return used
  }
}

/** The same with the official client, which opens a connection for each subscriber. */
function readWithSdk(url: string, subscribers: number): Reader {
  return async () => {
    const stop = new AbortController()
    const { signal } = stop
    const streams = await Promise.all(
      Array.from({ length: subscribers }, async () => {
        const { stream } = await createOpencodeClient({ baseUrl: url }).event.subscribe({ signal })
        await stream.next()
        return stream
      }),
    )
    const before = cpuMicros()
    await fetch(`${url}/start`)
    await Promise.all(
      streams.map(async (stream) => {
        for await (const event of stream) if (isLast(event)) break
      }),
    )
    const used = cpuMicros() - before
    stop.abort()
    return used
  }
}

function isEnd(event: { readonly type: string }): boolean {
  return event.type === 'bench.end'
}

function isLast(event: { readonly type: string }): boolean {
  return event.type === 'bench.last'
}

/** Socket bytes to typed event, against `JSON.parse` alone and against the official client. */
async function measurePerEvent(
  name: string,
  kind: 'recorded' | 'deltas',
  payloads: readonly string[],
): Promise<Figure[]> {
  const parseOnly: Reader = async () => {
    const before = cpuMicros()
    for (const payload of payloads) JSON.parse(payload)
    return cpuMicros() - before
  }
  const server = await startProcess('blaster.ts', [kind, eventCount, 1, framesPerWrite])
  const [parse, wire, sdk] = await leastOf(25, [
    parseOnly,
    readWithWire(server.url, 1),
    readWithSdk(server.url, 1),
  ])
  server.close()
  return [
    { name: `${name}.vs_json_parse`, value: round(wire / parse), unit: 'ratio', better: 'lower' },
    { name: `${name}.vs_sdk`, value: round(wire / sdk), unit: 'ratio', better: 'lower' },
    { name: `${name}.us`, value: round(wire / eventCount), unit: 'us', better: 'lower' },
  ]
}

/** Every recorded event: short turns, in which a fifth of the events are deltas. */
export const cpuPerEvent: Bench = {
  name: 'wire.cpu_per_event',
  run: () => measurePerEvent('wire.cpu_per_event', 'recorded', spreadOverSessions(eventCount, 1)),
}

/** A long answer while it streams: nearly all that a busy server sends. */
export const cpuPerDelta: Bench = {
  name: 'wire.cpu_per_delta',
  run: () => measurePerEvent('wire.cpu_per_delta', 'deltas', streamedDeltas(eventCount)),
}

/** 200 sessions followed in one process, per delivered event. */
export const fanout: Bench = {
  name: 'wire.fanout200',
  run: async () => {
    const sessions = 200
    const many = await startProcess('blaster.ts', [
      'recorded',
      eventCount,
      sessions,
      framesPerWrite,
    ])
    const one = await startProcess('blaster.ts', ['joined', eventCount, sessions, framesPerWrite])
    // The official client needs 200 connections, each with all events: fewer of them say enough.
    const few = 2000
    const fewEvents = await startProcess('blaster.ts', ['recorded', few, sessions, framesPerWrite])
    const [fanned, single] = await leastOf(12, [
      readWithWire(many.url, sessions),
      readWithWire(one.url, 1),
    ])
    const [sdk] = await leastOf(2, [readWithSdk(fewEvents.url, sessions)])
    for (const each of [many, one, fewEvents]) each.close()
    const perEvent = fanned / eventCount
    const name = 'wire.fanout200.cpu_per_event'
    return [
      {
        name: `${name}.vs_one`,
        value: round(perEvent / (single / eventCount)),
        unit: 'ratio',
        better: 'lower',
      },
      {
        name: `${name}.vs_sdk`,
        value: round(perEvent / (sdk / few), 5),
        unit: 'ratio',
        better: 'lower',
      },
    ]
  },
}
