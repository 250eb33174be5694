import { Agent, request } from 'undici'

import { createClient } from '../src/index.js'
import type { Bench } from './bench.js'
import { leastOf, round, startProcess, type Reader } from './support/measure.js'

const total = 20_000
const concurrency = 20
const rounds = 5

/** One way to ask, with the best of what its rounds showed. */
interface Asker {
  /** Milliseconds for all requests, so many at a time. */
  readonly timeAll: Reader
  /** Milliseconds that so many of a hundred requests took at most, in the calmest round. */
  readonly percentile: (part: 50 | 99) => number
  /** Bytes of heap that its rounds left. */
  readonly heapGrowth: () => number
}

function createAsker(one: () => Promise<unknown>): Asker {
  const latencies = new Float64Array(total)
  const best = { 50: Infinity, 99: Infinity }
  let heapGrowth = 0
  const timeAll = async (): Promise<number> => {
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < total) {
        const index = next++
        const askedAt = performance.now()
        await one()
        latencies[index] = performance.now() - askedAt
      }
    }
    const heapBefore = heapUsed()
    const before = performance.now()
    await Promise.all(Array.from({ length: concurrency }, worker))
    const took = performance.now() - before
    heapGrowth += heapUsed() - heapBefore
    latencies.sort()
    for (const part of [50, 99] as const) {
      best[part] = Math.min(best[part], latencies[(total * part) / 100] ?? Infinity)
    }
    return took
  }
  return { timeAll, percentile: (part) => best[part], heapGrowth: () => Math.max(0, heapGrowth) }
}

function heapUsed(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** 100,000 small requests each, against undici alone with the same agent options. */
export const requests: Bench = {
  name: 'wire.request',
  run: async () => {
    const server = await startProcess('blaster.ts')
    const client = createClient({ baseUrl: server.url, env: {} })
    const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
    const askWire = (): Promise<unknown> => client.global.health()
    const askUndici = async (): Promise<unknown> => {
      const { body } = await request(`${server.url}/global/health`, { dispatcher: agent })
      return await body.json()
    }
    await leastOf(1, [createAsker(askWire).timeAll, createAsker(askUndici).timeAll])
    const [wire, bare] = [createAsker(askWire), createAsker(askUndici)]
    const [ours, undici] = await leastOf(rounds, [wire.timeAll, bare.timeAll])
    await client.close()
    await agent.close()
    server.close()
    const figure = (name: string, value: number, unit = 'ratio') =>
      ({ name: `wire.request.${name}`, value: round(value), unit, better: 'lower' }) as const
    return [
      figure('vs_undici', ours / undici),
      figure('p50.vs_undici', wire.percentile(50) / bare.percentile(50)),
      figure('p99.vs_undici', wire.percentile(99) / bare.percentile(99)),
      figure('us', (ours * 1000) / total, 'us'),
      figure('p50_us', wire.percentile(50) * 1000, 'us'),
      figure('p99_us', wire.percentile(99) * 1000, 'us'),
      figure('heap_growth_mb', wire.heapGrowth() / 2 ** 20, 'MiB'),
      figure('undici_heap_growth_mb', bare.heapGrowth() / 2 ** 20, 'MiB'),
    ]
  },
}
