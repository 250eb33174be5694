/**
 * 1 GiB up (multer, over a real socket), into, through, out of and served from each store: how far the memory grows, and how fast it is
 * beside Node's `pipeline` between the same ends, with the same digest on its way where ours makes one, and with a file that is synced.
 * The client and the buckets are processes of their own. What is printed is the worst of the five ways.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { gib, writeFixture } from './transfers/fixture.js'
import type { Measured } from './transfers/measure.js'
import { pathNames } from './transfers/paths.js'

interface StoreToMeasure {
  readonly name: string
  readonly module: string
  readonly endpoint: string
}

const stores: readonly StoreToMeasure[] = [
  { name: 'disk', module: './transfers/stores/disk.ts', endpoint: '' },
  { name: 'gcs', module: './transfers/stores/gcs.ts', endpoint: 'gcs' },
  { name: 's3', module: '../../../examples/recipes/bench/s3.ts', endpoint: 's3' },
  { name: 'memory', module: './transfers/stores/memory.ts', endpoint: '' },
]

/** One for each store, so that `--only artifacts.gcs` measures that one alone. */
export const transfers = stores.map((store) => ({
  name: `artifacts.${store.name}`,
  run: () => measureStore(store),
}))

async function measureStore({ name, module, endpoint }: StoreToMeasure) {
  const folder = await mkdtemp(join(tmpdir(), 'turnstead-transfers-'))
  const file = join(folder, 'file')
  let [growth, ratio] = [0, Infinity]
  try {
    await writeFixture(file, gib)
    for (const path of pathNames) {
      const { growthMb, oursMs, peerMs } = await measure([
        fileURLToPath(new URL(module, import.meta.url)),
        endpoint,
        path,
        file,
        folder,
      ])
      const speed = `${toRate(oursMs)} MiB/s, pipeline ${toRate(peerMs)} MiB/s`
      process.stderr.write(`# ${name} ${path}: ${speed}, memory + ${growthMb} MiB\n`)
      growth = Math.max(growth, growthMb)
      ratio = Math.min(ratio, peerMs / oursMs)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  const throughput = {
    name: `artifacts.${name}.throughput.vs_pipeline`,
    value: Math.round(ratio * 100) / 100,
    ...{ unit: 'x', better: 'higher' },
  } as const
  if (name === 'memory') {
    process.stderr.write('# memory: no figure of its growth, for it keeps the bytes in memory\n')
    return [throughput]
  }
  const memory = {
    name: `artifacts.${name}.rss_growth_mb_1gib`,
    value: growth,
    ...{ unit: 'MiB', better: 'lower' },
  } as const
  return [memory, throughput]
}

function toRate(ms: number): number {
  return Math.round(gib / 2 ** 20 / (ms / 1000))
}

async function measure(args: readonly string[]): Promise<Measured> {
  const child = fork(fileURLToPath(new URL('./transfers/measure.ts', import.meta.url)), args)
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The measuring process ended with ${String(code)}.`)
  })
  ended.catch(() => {})
  try {
    const [measured] = (await Promise.race([once(child, 'message'), ended])) as [Measured]
    return measured
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      await Promise.race([
        ended.catch(() => {}),
        new Promise((resolve) => setTimeout(resolve, 5000)),
      ])
      child.kill()
    }
  }
}
