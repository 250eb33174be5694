/**
 * What many turns at a time cost, each at the pace of a model, with rows in memory and the snapshots into them. The server
 * is another process, so that only the CPU of the turns is counted.
 */
import { createSteadyWatch, readBare, runTurns, type SteadyWatch } from './support/many-turns.js'
import { cpuMicros, machineMs, median, quantile, round, startProcess } from './support/measure.js'

const paceMs = 20
const rounds = 3

/**
 * CPU for one delta over that of a bare loop against the same server, by turns: while all of them stream, snapshots, beats
 * and budgets included; and once more with all that begins and ends a turn, for answers of 1,000 deltas.
 */
export const concurrentCost = {
  name: 'turn.concurrent200',
  async run() {
    const turns = 200
    const server = await startProcess('pace-server.ts', [1_000, paceMs])
    const warmUp = await startProcess('pace-server.ts', [100, paceMs])
    const streaming: number[] = []
    const whole: number[] = []
    try {
      await readBare(warmUp.url, turns)
      await runTurns(warmUp.url, turns)
      for (let round_ = 0; round_ < rounds; round_ += 1) {
        const bare = createSteadyWatch(turns)
        const full = createSteadyWatch(turns)
        const bareWhole = await cpuOf(() => readBare(server.url, turns, { steady: bare }))
        const fullWhole = await cpuOf(() => runTurns(server.url, turns, { steady: full }))
        const [each, eachBare] = [perDelta(full), perDelta(bare)]
        process.stderr.write(`# ${round(each)} us for a delta, bare ${round(eachBare)} us\n`)
        streaming.push(each / eachBare)
        whole.push(fullWhole / bareWhole)
      }
    } finally {
      server.close()
      warmUp.close()
    }
    const name = 'turn.concurrent200'
    const ratio = { unit: 'ratio', better: 'lower' } as const
    return [
      { name: `${name}.cpu_per_delta.vs_bare`, value: round(median(streaming)), ...ratio },
      { name: `${name}.cpu_whole_turn.vs_bare`, value: round(median(whole)), ...ratio },
    ] as const
  },
}

function perDelta(watch: SteadyWatch): number {
  const { cpu, deltas } = watch.read()
  return cpu / deltas
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
