import { once } from 'node:events'
import { get, request } from 'node:http'
import { plantedFaults, sampleHost } from '../test/support/planted-faults.js'
import { runChaos } from '../src/chaos.js'
import { reply, startImpostor, text, tool } from '../src/index.js'

/** One figure of a benchmark. */
export interface BenchFigure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: 'lower' | 'higher'
}

const scenario = reply(
  text('I will write.'),
  tool.write({ filePath: 'out.txt', content: 'x\n' }),
  text('Done.'),
)

/** What a host's test does: start, session, stream, prompt, idle, close. */
async function turn(): Promise<void> {
  const impostor = await startImpostor(scenario, { listenerWaitMs: 0 })
  const session = await post(impostor.url, '/session', {})
  const stream = get(`${impostor.url}/event`, { agent: false })
  const [response] = await once(stream, 'response')
  let seen = ''
  const idle = new Promise<void>((resolve) => {
    response.setEncoding('utf8')
    response.on('error', () => {})
    response.on('data', (piece: string) => {
      seen = (seen + piece).slice(-4_000)
      if (seen.includes('"session.idle"')) resolve()
    })
  })
  const { id } = JSON.parse(session)
  await post(impostor.url, `/session/${id}/prompt_async`, { parts: [{ type: 'text', text: 'go' }] })
  await idle
  stream.on('error', () => {})
  stream.destroy()
  await impostor.close()
}

/** Whether a client that opens its stream so long after its prompt sees the turn to its end. */
async function listenLate(delayMs: number): Promise<boolean> {
  const impostor = await startImpostor(scenario)
  try {
    const { id } = JSON.parse(await post(impostor.url, '/session', {}))
    await post(impostor.url, `/session/${id}/prompt_async`, {
      parts: [{ type: 'text', text: 'go' }],
    })
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    const { body } = await fetch(`${impostor.url}/event`, { signal: AbortSignal.timeout(5_000) })
    let seen = ''
    for await (const piece of body ?? []) {
      seen += Buffer.from(piece).toString('utf8')
      if (seen.includes('"session.idle"')) return seen.includes('I will write.')
    }
    return false
  } catch {
    return false
  } finally {
    await impostor.close()
  }
}

function post(base: string, path: string, body: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      base + path,
      { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => (text += piece))
        response.on('end', () => resolve(text))
      },
    )
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
}

/** Memory once everything that is free has been collected. */
async function residentMegabytes(): Promise<number> {
  for (let pass = 0; pass < 3; pass += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return process.memoryUsage().rss / 1_048_576
}

/** Start, turn and close; and the same 1,000 times in one process. */
export const benches: readonly { name: string; run(): Promise<readonly BenchFigure[]> }[] = [
  {
    name: 'testkit.impostor',
    async run() {
      // The compiler and the allocator take their share during the first thousand.
      for (let warm = 0; warm < 1_500; warm += 1) await turn()
      const before = await residentMegabytes()
      const handles = process.getActiveResourcesInfo().length
      const times: number[] = []
      for (let count = 0; count < 1_000; count += 1) {
        const started = performance.now()
        await turn()
        times.push(performance.now() - started)
      }
      const growth = Math.max(0, (await residentMegabytes()) - before)
      const leaked = Math.max(0, process.getActiveResourcesInfo().length - handles)
      const median = times.toSorted((one, other) => one - other)[500] ?? Number.NaN
      return [
        { name: 'testkit.impostor.turn_ms_p50', value: round(median), unit: 'ms', better: 'lower' },
        {
          name: 'testkit.impostor.rss_growth_mb_1000',
          value: round(growth),
          unit: 'MB',
          better: 'lower',
        },
        {
          name: 'testkit.impostor.handle_growth_1000',
          value: leaked,
          unit: 'handles',
          better: 'lower',
        },
      ]
    },
  },
  {
    name: 'testkit.listeners',
    async run() {
      let missed = 0
      for (const delayMs of [5, 15, 40]) {
        for (let count = 0; count < 10; count += 1) if (!(await listenLate(delayMs))) missed += 1
      }
      return [
        { name: 'testkit.listeners.missed_turns', value: missed, unit: 'turns', better: 'lower' },
      ]
    },
  },
  {
    name: 'testkit.chaos',
    async run() {
      let found = 0
      for (const { name, at } of plantedFaults) {
        const host = { ...sampleHost(name), only: at, stopAtFirst: true }
        const { findings } = await runChaos(host)
        if (findings.length > 0) found += 1
      }
      const right = await runChaos(sampleHost())
      return [
        { name: 'testkit.chaos.planted_found', value: found, unit: 'faults', better: 'higher' },
        {
          name: 'testkit.chaos.false_findings',
          value: right.findings.length,
          unit: 'findings',
          better: 'lower',
        },
        { name: 'testkit.chaos.points', value: right.tried, unit: 'points', better: 'higher' },
      ]
    },
  },
]

function round(value: number): number {
  return Math.round(value * 100) / 100
}
