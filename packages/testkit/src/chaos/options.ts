import { TestkitError } from '../errors.js'
import { startImpostor } from '../impostor/impostor.js'
import { reply, text } from '../script/builder.js'
import type { Reply } from '../script/steps.js'
import type { ScenarioLike } from '../script/scenario.js'
import { tool } from '../script/tools.js'

/** Options of {@link runChaos}: shell commands of the host, and how to disturb it. */
export interface ChaosOptions {
  /** Runs the host's worker. It is killed and started again; where nobody else does, it takes up the open job itself. */
  readonly worker: string
  /** Makes the job: called once in each run, while the worker starts. It must succeed. */
  readonly begin: string
  /**
   * Says how the job is: exit code 0 when it has ended well, 1 when not yet, 2 when it has ended badly. What it prints
   * is what a user would see (the answer, how many notices); it must be the same in every run.
   */
  readonly check: string
  /** Puts the job into the host's queue. It is then also called twice at once, and again after the end. */
  readonly deliver?: string
  /** Base URL of a real server, used as the host uses it. Default: a fresh Impostor for each run. */
  readonly target?: string
  /** What Impostor answers. Default: two texts at reading speed around a tool call. */
  readonly scenario?: ScenarioLike
  /** How many points are tried, at equal distances. Default: all. */
  readonly points?: number
  /** Tries only the points whose names contain this text, such as one that was found before. Default: all. */
  readonly only?: string
  /** How long a run may take, in milliseconds. Default 60,000. Longer than the host's own leases and retries. */
  readonly timeoutMs?: number
  /** How long nothing may be asked of the server before a run counts as over, in milliseconds. Default 500. */
  readonly quietMs?: number
  /** Name of the environment variable with the server's address. Default `OPENCODE_BASE_URL`. */
  readonly variable?: string
  /** Ends with the first finding. Default false. */
  readonly stopAtFirst?: boolean
  /** Called before every run. */
  readonly onRun?: (what: string) => void
}

/** The options with nothing left open. */
export interface ChaosPlan {
  readonly worker: string
  readonly begin: string
  readonly check: string
  readonly deliver: string | null
  readonly points: number
  readonly only: string
  readonly timeoutMs: number
  readonly quietMs: number
  readonly pollMs: number
  readonly variable: string
  readonly openServer: () => Promise<{ readonly url: string; readonly close: () => Promise<void> }>
}

/** Fails with `invalid_options` when an option is none. */
export function toPlan(options: ChaosOptions): ChaosPlan {
  for (const name of ['worker', 'begin', 'check'] as const) {
    if (typeof options[name] !== 'string' || options[name].trim() === '') {
      throw new TestkitError('invalid_options', `\`${name}\` must be a command`)
    }
  }
  const { target, points = Infinity, timeoutMs = 60_000, quietMs = 500 } = options
  if (!(points >= 1)) throw new TestkitError('invalid_options', '`points` must be 1 or more')
  for (const [name, value] of Object.entries({ timeoutMs, quietMs })) {
    if (value > 0 && value < 2 ** 31) continue
    throw new TestkitError('invalid_options', `\`${name}\` must be milliseconds, above 0`)
  }
  if (target !== undefined && !isAddress(target)) {
    throw new TestkitError('invalid_options', '`target` must be an http or https address')
  }
  return {
    worker: options.worker,
    begin: options.begin,
    check: options.check,
    deliver: options.deliver ?? null,
    points,
    only: options.only ?? '',
    timeoutMs,
    quietMs,
    pollMs: 50,
    variable: options.variable ?? 'OPENCODE_BASE_URL',
    openServer: async () =>
      target === undefined
        ? await startImpostor(options.scenario ?? chaosReply())
        : { url: target, close: async () => {} },
  }
}

function isAddress(target: string): boolean {
  return URL.canParse(target) && /^https?:$/u.test(new URL(target).protocol)
}

/** Slow enough that a worker that was killed in the middle is back before the end. */
function chaosReply(): Reply {
  const paceMs = 50
  return reply(
    text('I will look into that and make a plan first. ', { paceMs }),
    tool.todowrite({ todos: [{ content: 'Look', status: 'in_progress', priority: 'high' }] }),
    text('It is done, and this is the last sentence.', { paceMs }),
  )
}
