import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestkitError } from '../errors.js'
import { realTime } from '../real-time.js'
import { takeCensus, type Census } from './census.js'
import { startChaosProxy, type ChaosProxy } from './chaos-proxy.js'
import { runCommand, type Ended } from './commands.js'
import type { ChaosPlan } from './options.js'
import { startWorker, type Worker } from './worker.js'

/** What is done to the host in one run. */
export type Disturbance =
  | { readonly kind: 'none' }
  | { readonly kind: 'kill'; readonly point: string }
  /** The job is delivered twice side by side. */
  | { readonly kind: 'twice' }
  /** The job is delivered again after it has ended. */
  | { readonly kind: 'again' }

/** How a run went. */
export interface RunResult {
  /** Points that were passed. */
  readonly points: readonly string[]
  /** Whether the disturbance took place. */
  readonly isReached: boolean
  /** The last check; null when it never said that the job has ended. */
  readonly ended: Ended | null
  /** The last thing that check or worker had to say, for the report. */
  readonly lastWords: string
  readonly census: Census
}

/** Plays the host's scenario once, from a fresh folder and, where there is an Impostor, a fresh one. */
export async function playRun(plan: ChaosPlan, disturbance: Disturbance): Promise<RunResult> {
  const directory = await mkdtemp(join(tmpdir(), 'turnstead-chaos-'))
  const upstream = await plan.openServer()
  let isReached = disturbance.kind !== 'kill'
  let worker: Worker | null = null
  const proxy = await startChaosProxy({
    target: upstream.url,
    onPoint(point) {
      if (isReached || disturbance.kind !== 'kill' || point !== disturbance.point) return false
      isReached = true
      void worker?.killAndRestart()
      return true
    },
  })
  const env = { [plan.variable]: proxy.url, CHAOS_DIR: directory }
  const deliver = async (): Promise<void> => {
    if (plan.deliver !== null) await mustRun('deliver', plan.deliver, env, plan.timeoutMs)
  }
  try {
    worker = startWorker(plan.worker, env)
    await mustRun('begin', plan.begin, env, plan.timeoutMs)
    await (disturbance.kind === 'twice' ? Promise.all([deliver(), deliver()]) : deliver())
    let checked = await untilEnded(plan, env)
    if (checked.code === 0) {
      if (disturbance.kind === 'again') {
        if (plan.deliver === null) await worker.killAndRestart()
        else await deliver()
      }
      await untilQuiet(proxy, disturbance.kind === 'again' ? plan.quietMs * 2 : plan.quietMs)
      checked = await runCommand(plan.check, env, plan.timeoutMs)
    }
    return {
      points: [...proxy.points],
      isReached,
      ended: hasEnded(checked) ? checked : null,
      lastWords: [checked.errors, worker.errors()].filter((words) => words !== '').join('\n'),
      census: await takeCensus(upstream.url, proxy.sessions),
    }
  } finally {
    await worker?.stop()
    await proxy.close()
    await upstream.close()
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}

/** 0: it has ended as it should; 2 and more: it has ended otherwise; 1, or killed: not yet. */
function hasEnded({ code }: Ended): boolean {
  return code !== null && code !== 1
}

async function untilEnded(plan: ChaosPlan, env: Readonly<Record<string, string>>): Promise<Ended> {
  const until = realTime.now() + plan.timeoutMs
  // Each look is a process, which takes its time from the host.
  for (let waitMs = plan.pollMs; ; waitMs = Math.min(waitMs * 1.5, plan.pollMs * 10)) {
    const checked = await runCommand(plan.check, env, plan.timeoutMs)
    if (hasEnded(checked) || realTime.now() >= until) return checked
    await pause(waitMs)
  }
}

/** What comes too late to be seen by the first check: a second prompt, a second write. */
async function untilQuiet(proxy: ChaosProxy, quietMs: number): Promise<void> {
  const since = realTime.now()
  for (;;) {
    const left = Math.max(since, proxy.changedAt) + quietMs - realTime.now()
    if (left <= 0) return
    await pause(left)
  }
}

async function mustRun(
  name: string,
  command: string,
  env: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<void> {
  const { code, errors } = await runCommand(command, env, timeoutMs)
  if (code === 0) return
  const how = code === null ? `did not end within ${timeoutMs} ms` : `ended with ${code}`
  throw new TestkitError('start_failed', `The command of \`${name}\` ${how}: ${errors}`)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => realTime.setTimeout(resolve, ms))
}
