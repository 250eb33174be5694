/**
 * `runTurn` beside `@ai-sdk/harness` with `@ai-sdk/harness-acp`, on the same scripted model in one run:
 * `node --conditions=@turnstead/source --import=tsx packages/task/bench/harness/main.ts`. Needs a registry of npm's in reach.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import type { Contender } from './contender.js'
import { createHarnessContender } from './harness-agent.js'
import { createOurTurns } from './our-turns.js'
import { processesBelow } from './process-tree.js'

const prompts = 7
const patienceMs = 90_000

const binary = findOpencodeBinary()
if (binary === null) throw new Error('There is no opencode executable for this platform.')
const script = fileURLToPath(new URL('scripted-model-process.ts', import.meta.url))
const model = fork(script, { execArgv: process.execArgv, serialization: 'json' })
const tell = async (): Promise<Record<string, unknown>> => {
  const [message] = (await once(model, 'message')) as [Record<string, unknown>]
  return message
}
const modelUrl = String((await tell())['url'])
const requests = async (): Promise<number> => {
  const told = tell()
  model.send('count')
  return Number((await told)['requests'])
}
const below = () => processesBelow(process.pid, model.pid ?? 0)
const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0)
const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
const round = (value: number, digits = 0): number => Number(value.toFixed(digits))

async function measure(contender: Contender): Promise<Record<string, unknown>> {
  const startedAt = performance.now()
  await contender.start()
  const startMs = performance.now() - startedAt
  const firstTexts: number[] = []
  const ask = async (prompt: string): Promise<number> => {
    const askedAt = performance.now()
    let deltas = 0
    await contender.ask(prompt, () => {
      if (deltas === 0) firstTexts.push(performance.now() - askedAt)
      deltas += 1
    })
    return deltas
  }
  await ask('The first prompt')
  const hostBefore = process.cpuUsage()
  const belowBefore = sum(below().map(({ cpuMs }) => cpuMs))
  let deltas = 0
  for (let index = 1; index < prompts; index += 1) deltas += await ask(`Prompt ${index}`)
  const host = process.cpuUsage(hostBefore)
  const belowMs = sum(below().map(({ cpuMs }) => cpuMs)) - belowBefore
  const figures = {
    startMs: round(startMs),
    startToFirstTextMs: round(startMs + (firstTexts[0] ?? 0)),
    laterFirstTextMs: round(median(firstTexts.slice(1))),
    deltas,
    hostCpuMsPerDelta: round((host.user + host.system) / 1_000 / deltas, 3),
    otherCpuMsPerDelta: round(belowMs / deltas, 3),
    processes: below().map(({ name, rssBytes }) => `${name} ${round(rssBytes / 1e6)} MB`),
  }
  return { ...figures, killed: await kill(contender) }
}

/** Kills OpenCode in the middle of an answer; then asks once more. */
async function kill(contender: Contender): Promise<Record<string, unknown>> {
  const before = await requests()
  let seen = ''
  let killedAt = 0
  const outcome = await within(
    contender.ask('Killed', (delta) => {
      seen += delta
      if (killedAt > 0 || seen.length < 800) return
      killedAt = performance.now()
      for (const { name, pid } of below()) if (/opencode/.test(name)) process.kill(pid, 'SIGKILL')
    }),
  )
  const endedMs = round(performance.now() - killedAt)
  const askedModel = (await requests()) - before
  let later = ''
  const next = await within(contender.ask('After it', (delta) => (later += delta)))
  return { outcome, endedMs, seen: seen.length, askedModel, next, nextSeen: later.length }
}

async function within(asking: Promise<string>): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`nothing for ${patienceMs / 1_000} s`), patienceMs)
  })
  const failed = (error: unknown): string => `rejected: ${String(error).slice(0, 300)}`
  return await Promise.race([asking.catch(failed), late]).finally(() => clearTimeout(timer))
}

const folder = await mkdtemp(join(tmpdir(), 'turnstead-compare-'))
const setting = { modelUrl, binary }
// Its bridge is installed once for a machine, and OpenCode is read from the disk once: that is not what is compared.
const installing = createHarnessContender({ ...setting, folder: join(folder, 'harness') })
await installing.start()
await installing.ask('Warm up', () => undefined)
await installing.close()
for (const contender of [
  createHarnessContender({ ...setting, folder: join(folder, 'harness') }),
  createOurTurns({ ...setting, folder: join(folder, 'ours') }),
]) {
  const figures = await measure(contender)
  await contender.close().catch((error: unknown) => console.error('closing', error))
  console.log(JSON.stringify({ name: contender.name, ...figures }, null, 2))
}
console.log(
  `${availableParallelism()} cores, load ${loadavg()
    .map((load) => round(load, 1))
    .join(' ')}`,
)
model.disconnect()
await rm(folder, { recursive: true, force: true })
process.exit(0)
