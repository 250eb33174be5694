import { Agent, request } from 'undici'

import { createClient } from '../src/index.js'
import type { Bench } from './index.js'
import { leastOf, round, startProcess, type Reader } from './support/measure.js'

const total = 20_000
const concurrency = 20
const rounds = 5

/** Milliseconds for all requests, so many at a time. */
async function timeAll(one: () => Promise<unknown>): Promise<number> {
  let left = total
  const worker = async (): Promise<void> => {
    while (left-- > 0) await one()
  }
  const before = performance.now()
  await Promise.all(Array.from({ length: concurrency }, worker))
  return performance.now() - before
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
    const wire: Reader = () => timeAll(() => client.global.health())
    const bare: Reader = () =>
      timeAll(async () => {
        const { body } = await request(`${server.url}/global/health`, { dispatcher: agent })
        return await body.json()
      })
    await leastOf(1, [wire, bare])
    const heapBefore = heapUsed()
    const [ours, undici] = await leastOf(rounds, [wire, bare])
    const grown = Math.max(0, heapUsed() - heapBefore)
    await client.close()
    await agent.close()
    server.close()
    return [
      {
        name: 'wire.request.vs_undici',
        value: round(ours / undici),
        unit: 'ratio',
        better: 'lower',
      },
      { name: 'wire.request.us', value: round((ours * 1000) / total), unit: 'us', better: 'lower' },
      {
        name: 'wire.request.heap_growth_mb',
        value: round(grown / 2 ** 20),
        unit: 'MiB',
        better: 'lower',
      },
    ]
  },
}
