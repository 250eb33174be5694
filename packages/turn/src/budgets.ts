import type { TurnErrorCode } from './errors.js'
import type { Tokens } from './ports.js'
import { assertKnown } from './ports/known-options.js'

/** The limits of one turn. Every wait of a turn ends by one of them. `Infinity` switches one off. */
export interface Budgets {
  /** From the send to the first sign of the agent: a step, a part, a retry; the echo of the prompt is none. Never suspended. Default 120,000 ms. */
  readonly firstEventMs: number
  /**
   * Without any progress of the agent; heartbeats do not count. Suspended while a person is asked and while a tool runs. Also
   * the time that the artifact collector is given. Default 360,000 ms: the server itself gives a silent model 300 s.
   */
  readonly progressMs: number
  /** One run of tools without any progress, such as a silent build. Default Infinity: `wallClockMs` ends it. */
  readonly toolMs: number
  /** From claim to end. Suspended while a person is asked. Default 3,600,000 ms. */
  readonly wallClockMs: number
  /** Waiting in the server's retry loop (`session.status: retry`) without progress in between; time in which the model works again does not count. Default 180,000 ms. */
  readonly retryMs: number
  /** A person's time to answer an ask, then it is rejected; a decision that the server does not take ends the turn `requestMs` later. Default 1,800,000 ms. */
  readonly askMs: number
  /**
   * The OpenCode server or the store may be out of reach this long in a row; also the time that `onSettled` is given. Default
   * 120,000 ms: a supervised server that froze is found out and replaced within 80 s by the supervisor's own defaults.
   */
  readonly unreachableMs: number
  /** One request to the server, then it counts as unanswered. A server that has just opened its port never answers the first ones. One call of the store takes at most this or a quarter of `unreachableMs`. Default 10,000 ms. */
  readonly requestMs: number
  /** For the evidence that a stopped turn did stop. Default 10,000 ms. */
  readonly stopMs: number
  /** Model steps of one turn. The server loops forever on a model stream without an end. Default 200. */
  readonly steps: number
  /** Cost in the provider's currency, sub-agents included. Default Infinity. */
  readonly cost: number
  /** Input, output, reasoning and cache tokens together, sub-agents included. Default Infinity. */
  readonly tokens: number
  /** Of cost, tokens, steps and wall time: the share at which `onBudgetWarning` is called. Default 0.8. */
  readonly warnShare: number
}

export const defaultBudgets: Budgets = {
  firstEventMs: 120_000,
  progressMs: 360_000,
  toolMs: Infinity,
  wallClockMs: 3_600_000,
  retryMs: 180_000,
  askMs: 1_800_000,
  unreachableMs: 120_000,
  requestMs: 10_000,
  stopMs: 10_000,
  steps: 200,
  cost: Infinity,
  tokens: Infinity,
  warnShare: 0.8,
}

/** @throws RangeError for a limit that makes no sense, TypeError for one that there is none. */
export function assertBudgets(budgets: Budgets): void {
  assertKnown('`budgets`', budgets, defaultBudgets)
  for (const [name, limit] of Object.entries(budgets)) {
    if (typeof limit === 'number' && limit >= 0) continue
    throw new RangeError(`\`budgets.${name}\` must be a number, 0 or more`)
  }
  if (budgets.requestMs === 0) throw new RangeError('`budgets.requestMs` must be above 0')
}

/** What has been used so far. Times are instants on the turn's clock; null where the clock does not run. */
export interface Usage {
  readonly startedAt: number
  readonly sentAt: number | null
  readonly firstEventAt: number | null
  readonly progressAt: number
  /** Since when tools run without a pause. */
  readonly toolsSince: number | null
  readonly retryingSince: number | null
  /** Time already spent in the retry loop since the last progress, the current wait excluded. */
  readonly retriedMs: number
  readonly blockedSince: number | null
  /** Time already spent waiting for a person, the current wait excluded. */
  readonly blockedMs: number
  readonly steps: number
  readonly cost: number
  readonly tokens: number
}

/** All tokens together, as the budget counts them. */
export function sumTokens({ input, output, reasoning, cacheRead, cacheWrite }: Tokens): number {
  return input + output + reasoning + cacheRead + cacheWrite
}

/** The budget that is used up, with the limit it had. */
export interface Exceeded {
  readonly code: TurnErrorCode
  readonly limit: number
}

/** Of a budget more is used than its soft limit. */
export interface BudgetWarning {
  readonly code: Extract<
    TurnErrorCode,
    'budget_cost' | 'budget_tokens' | 'budget_steps' | 'budget_wall_clock'
  >
  readonly used: number
  /** Where the turn ends. */
  readonly limit: number
}

/** What is used of the budgets that count up, where it is more than their share. */
export function budgetWarnings(
  budgets: Budgets,
  usage: Usage,
  now: number,
): readonly BudgetWarning[] {
  const blockedMs = usage.blockedMs + (usage.blockedSince === null ? 0 : now - usage.blockedSince)
  const all: readonly BudgetWarning[] = [
    { code: 'budget_cost', used: usage.cost, limit: budgets.cost },
    { code: 'budget_tokens', used: usage.tokens, limit: budgets.tokens },
    { code: 'budget_steps', used: usage.steps, limit: budgets.steps },
    {
      code: 'budget_wall_clock',
      used: now - usage.startedAt - blockedMs,
      limit: budgets.wallClockMs,
    },
  ]
  return all.filter(({ used, limit }) => used > 0 && used >= limit * budgets.warnShare)
}

/** Which budget is used up at `now`; null while none is. */
export function exceededBudget(budgets: Budgets, usage: Usage, now: number): Exceeded | null {
  for (const clock of runningClocks(budgets, usage, now)) {
    if (now >= clock.endsAt) return { code: clock.code, limit: clock.limit }
  }
  if (usage.steps > budgets.steps) return { code: 'budget_steps', limit: budgets.steps }
  if (usage.cost > budgets.cost) return { code: 'budget_cost', limit: budgets.cost }
  if (usage.tokens > budgets.tokens) return { code: 'budget_tokens', limit: budgets.tokens }
  return null
}

/** When the next budget of time runs out if nothing happens; Infinity when none runs. */
export function nextBudgetEnd(budgets: Budgets, usage: Usage, now: number): number {
  let next = Infinity
  for (const { endsAt } of runningClocks(budgets, usage, now)) next = Math.min(next, endsAt)
  return next
}

interface RunningClock extends Exceeded {
  readonly endsAt: number
}

function runningClocks(budgets: Budgets, usage: Usage, now: number): RunningClock[] {
  const clocks: RunningClock[] = []
  const run = (code: TurnErrorCode, from: number, limit: number): void => {
    clocks.push({ code, limit, endsAt: from + limit })
  }
  const blockedMs = usage.blockedMs + (usage.blockedSince === null ? 0 : now - usage.blockedSince)
  if (usage.sentAt !== null && usage.firstEventAt === null) {
    run('budget_first_event', usage.sentAt, budgets.firstEventMs)
  }
  if (usage.blockedSince === null) {
    if (usage.toolsSince !== null) {
      run('budget_tool', Math.max(usage.toolsSince, usage.progressAt), budgets.toolMs)
    } else if (usage.firstEventAt !== null) {
      run('budget_progress', usage.progressAt, budgets.progressMs)
    }
    run('budget_wall_clock', usage.startedAt + blockedMs, budgets.wallClockMs)
  }
  if (usage.retryingSince !== null) {
    run('budget_retry', usage.retryingSince - usage.retriedMs, budgets.retryMs)
  }
  return clocks
}

/** A server that is replaced answers no sooner than its supervisor has seen that it is gone, and a little later under load. */
export function patienceWith(server: { readonly outageMs?: number } | undefined): number {
  const { unreachableMs } = defaultBudgets
  const outageMs = server?.outageMs ?? 0
  return Number.isFinite(outageMs) ? Math.max(unreachableMs, outageMs * outageShare) : unreachableMs
}

const outageShare = 1.25
