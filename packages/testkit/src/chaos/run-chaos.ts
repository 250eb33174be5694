import { TestkitError } from '../errors.js'
import { playRun, type Disturbance, type RunResult } from './play-run.js'
import { toPlan, type ChaosOptions } from './options.js'
import { sampleOf } from './points.js'

/** What went wrong at one point. */
export interface ChaosFinding {
  /**
   * `lost`: the job ended badly; `doubled`: the agent was asked, or has answered, more often than without disturbance;
   * `stuck`: the job did not end in time; `changed`: the user sees something else than without disturbance.
   */
  readonly kind: 'lost' | 'doubled' | 'stuck' | 'changed'
  /** Where the worker was killed, or how the job was delivered. */
  readonly point: string
  /** What was seen. */
  readonly detail: string
}

/** What {@link runChaos} has found. */
export interface ChaosReport {
  /** Points that the scenario passes without disturbance. */
  readonly points: readonly string[]
  /** Disturbances that took place. */
  readonly tried: number
  /** Points that were not reached again, as with polls that depend on time. */
  readonly unreached: readonly string[]
  readonly findings: readonly ChaosFinding[]
}

/**
 * Runs a host's own scenario again and again: its worker is killed with SIGKILL at every request before and after its
 * answer and at every frame of the event stream, and is started again; its job is delivered twice. Fails with
 * `invalid_options`, and with `start_failed` when a command fails or the scenario does not end well undisturbed.
 *
 * @example
 * const { findings } = await runChaos({
 *   worker: 'node worker.js',
 *   begin: 'node enqueue.js',
 *   check: 'node check.js',
 * })
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const plan = toPlan(options)
  const say = options.onRun ?? (() => {})
  say('without disturbance')
  const clean = await playRun(plan, { kind: 'none' })
  assertClean(clean, plan.timeoutMs)
  say('without disturbance, once more')
  const second = await playRun(plan, { kind: 'none' })
  assertClean(second, plan.timeoutMs)
  if (second.ended?.output !== clean.ended?.output) {
    throw new TestkitError(
      'start_failed',
      `\`check\` must print the same in every run, and printed ${shown(clean)}, then ${shown(second)}`,
    )
  }
  const fits = (each: Disturbance): boolean => nameOf(each).includes(plan.only)
  const kills = clean.points.filter((point) => point.includes(plan.only))
  const disturbances: Disturbance[] = [
    ...deliveries.filter((each) => fits(each) && (each.kind !== 'twice' || plan.deliver !== null)),
    ...sampleOf(kills, plan.points).map((point) => ({ kind: 'kill', point }) as const),
  ]
  const findings: ChaosFinding[] = []
  const unreached: string[] = []
  let tried = 0
  for (const disturbance of disturbances) {
    const point = nameOf(disturbance)
    say(point)
    const result = await playRun(plan, disturbance)
    if (!result.isReached) {
      unreached.push(point)
      continue
    }
    tried += 1
    findings.push(...judge(clean, result).map((found) => ({ ...found, point })))
    if (options.stopAtFirst === true && findings.length > 0) break
  }
  return { points: clean.points, tried, unreached, findings }
}

const deliveries: readonly Disturbance[] = [{ kind: 'twice' }, { kind: 'again' }]

function nameOf(disturbance: Disturbance): string {
  if (disturbance.kind === 'kill') return disturbance.point
  return disturbance.kind === 'twice'
    ? 'the job delivered twice at once'
    : 'the job delivered again after its end'
}

function judge(clean: RunResult, result: RunResult): readonly Omit<ChaosFinding, 'point'>[] {
  const found: Omit<ChaosFinding, 'point'>[] = []
  const { ended, census } = result
  const words = result.lastWords === '' ? '' : `: ${result.lastWords.slice(-300)}`
  if (ended === null) found.push({ kind: 'stuck', detail: `did not end in time${words}` })
  else if (ended.code !== 0) {
    found.push({ kind: 'lost', detail: `\`check\` ended with ${ended.code}, ${shown(result)}` })
  } else if (ended.output !== clean.ended?.output) {
    found.push({ kind: 'changed', detail: `${shown(result)} instead of ${shown(clean)}` })
  }
  for (const [what, name] of [
    ['prompts', 'prompts'],
    ['answers', 'messages of the assistant'],
  ] as const) {
    if (census[what] <= clean.census[what]) continue
    const detail = `${census[what]} ${name} instead of ${clean.census[what]}`
    return [...found, { kind: 'doubled', detail }]
  }
  return found
}

function assertClean(result: RunResult, timeoutMs: number): void {
  if (result.ended?.code === 0) return
  const how =
    result.ended === null
      ? `did not end within ${timeoutMs} ms`
      : `ended badly (\`check\`: ${result.ended.code})`
  throw new TestkitError(
    'start_failed',
    `The scenario ${how} without disturbance: ${result.lastWords}`,
  )
}

function shown({ ended }: RunResult): string {
  return JSON.stringify((ended?.output ?? '').slice(0, 200))
}
