/**
 * What many turns at a time cost, each at the pace of a model, with rows in memory and the snapshots into them. The server
 * is another process, so that only the CPU of the turns is counted.
 */
import { readBare, runTurns } from './support/many-turns.js'
import { cpuMicros, machineMs, median, quantile, round, startProcess } from './support/measure.js'

const paceMs = 20
const rounds = 3

/** CPU for one delta over that of a bare loop against the same server, by turns: whole turns, from the claim to the end. */
export const concurrentCost = {
  name: 'turn.concurrent200.cpu_per_delta',
  async run() {
    const turns = 200
    const server = await startProcess('pace-server.ts', [1_000, paceMs])
    const warmUp = await startProcess('pace-server.ts', [100, paceMs])
    const ratios: number[] = []
    try {
      await readBare(warmUp.url, turns)
      await runTurns(warmUp.url, turns)
      for (let round_ = 0; round_ < rounds; round_ += 1) {
        const bare = await cpuOf(() => readBare(server.url, turns))
        const full = await cpuOf(() => runTurns(server.url, turns))
        process.stderr.write(`# ${round(full)} us for a delta, bare ${round(bare)} us\n`)
        ratios.push(full / bare)
      }
    } finally {
      server.close()
      warmUp.close()
    }
    const value = round(median(ratios))
    const name = 'turn.concurrent200.cpu_per_delta.vs_bare'
    return [{ name, value, unit: 'ratio', better: 'lower' }] as const
  },
}

/**
 * 500 turns against one turn at the same pace, and against 50, which shows whether an event becomes dearer with the number
 * of turns; how late a delta is, and what a turn takes of the heap. They start one after the other, as turns do.
 */
export const concurrentGrowth = {
  name: 'turn.concurrent500',
  async run() {
    const server = await startProcess('pace-server.ts', [600, paceMs])
    const delays: number[] = []
    const onDelta = (sentAt: string): void => void delays.push(machineMs() - Number(sentAt) / 1e3)
    try {
      const crowd = { startEveryMs: 10, onDelta }
      await runTurns(server.url, 50, crowd)
      const one = await cpuOf(() => runTurns(server.url, 1, crowd))
      const some = await cpuOf(() => runTurns(server.url, 50, crowd))
      delays.length = 0
      const many = await cpuOf(() => runTurns(server.url, 500, crowd))
      const name = 'turn.concurrent500'
      const heap = round(await memoryOf(server.url, 500), 1)
      const late = round(quantile(delays, 0.99), 1)
      const cpu = { unit: 'ratio', better: 'lower' } as const
      return [
        { name: `${name}.cpu_per_event.vs_one`, value: round(many / one), ...cpu },
        { name: `${name}.cpu_per_event.vs_50`, value: round(many / some), ...cpu },
        { name: `${name}.delay_ms_p99`, value: late, unit: 'ms', better: 'lower' },
        { name: `${name}.memory_per_turn_kb`, value: heap, unit: 'KB', better: 'lower' },
      ] as const
    } finally {
      server.close()
    }
  },
}

/** CPU per delta, in microseconds. */
async function cpuOf(work: () => Promise<number>): Promise<number> {
  globalThis.gc?.()
  const before = cpuMicros()
  const count = await work()
  return (cpuMicros() - before) / count
}

/** What each of so many turns takes of the heap in the middle of its answer, in KB. */
async function memoryOf(url: string, turns: number): Promise<number> {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  let bytes = 0
  let heard = 0
  await runTurns(url, turns, {
    onDelta() {
      heard += 1
      if (heard !== turns * 250) return
      globalThis.gc?.()
      bytes = process.memoryUsage().heapUsed - before
    },
  })
  return bytes / 1_024 / turns
}
