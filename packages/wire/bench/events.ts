import { createOpencodeClient } from '@opencode-ai/sdk'

import { createClient } from '../src/index.js'
import type { Bench } from './index.js'
import { cpuMicros, round, startProcess } from './support/measure.js'
import { spreadOverSessions } from './support/payloads.js'

const eventCount = 50_000
const rounds = 6

/** Reads the whole stream once; resolves with the CPU microseconds that it took. */
type Reader = (url: string) => Promise<number>

const readWithWire: Reader = async (url) => {
  const client = createClient({
    baseUrl: url,
    env: {},
    limits: { queueEvents: 1e6, queueBytes: 1e9 },
  })
  const events = client.events.subscribe()
  await events.ready
  const before = cpuMicros()
  await fetch(`${url}/start`)
  for await (const event of events) if ((event.type as string) === 'bench.last') break
  const used = cpuMicros() - before
  await client.close()
  return used
}

const readWithSdk: Reader = async (url) => {
  const client = createOpencodeClient({ baseUrl: url })
  const stop = new AbortController()
  const { stream } = await client.event.subscribe({ signal: stop.signal })
  await stream.next()
  const before = cpuMicros()
  await fetch(`${url}/start`)
  for await (const event of stream) if ((event.type as string) === 'bench.last') break
  const used = cpuMicros() - before
  stop.abort()
  return used
}

/** Socket bytes to typed event, against `JSON.parse` alone and against the official client, turn about. */
export const cpuPerEventBench: Bench = {
  name: 'wire.cpu_per_event',
  run: async () => {
    const payloads = spreadOverSessions(eventCount, 1)
    const parseOnly: Reader = async () => {
      const before = cpuMicros()
      for (const payload of payloads) JSON.parse(payload)
      return cpuMicros() - before
    }
    const server = await startProcess('blaster.ts', [eventCount, 1, 20])
    try {
      const [parse, wire, sdk] = await leastOf(rounds, server.url, [
        parseOnly,
        readWithWire,
        readWithSdk,
      ])
      const name = 'wire.cpu_per_event'
      return [
        {
          name: `${name}.vs_json_parse`,
          value: round(wire / parse),
          unit: 'ratio',
          better: 'lower',
        },
        { name: `${name}.vs_sdk`, value: round(wire / sdk), unit: 'ratio', better: 'lower' },
        { name: `${name}.us`, value: round(wire / eventCount), unit: 'us', better: 'lower' },
      ]
    } finally {
      server.close()
    }
  },
}

/** The least that each reader took: what other work on the machine added is not theirs. */
async function leastOf(
  turns: number,
  url: string,
  readers: readonly [Reader, Reader, Reader],
): Promise<[number, number, number]> {
  const least: [number, number, number] = [Infinity, Infinity, Infinity]
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, read] of readers.entries()) {
      least[index] = Math.min(least[index] ?? Infinity, await read(url))
    }
  }
  return least
}
