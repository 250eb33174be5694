import { type Ask, createReply, parseReply, type Reply } from '@turnstead/reply'
import type { TurnSetup } from '../options.js'
import type { PromptRecord, TurnRecord } from '../ports.js'
import { parsePrompt, type Prompt, promptProblem } from '../prompt.js'
import { createRunTracing, type RunTracing } from '../tracing/run-tracing.js'
import { type AskGate, createAskGate } from './ask-gate.js'
import { type ActivityReport, createActivityReport } from './activity.js'
import { createDelivery, type Delivery } from './delivery.js'
import { createServer, type RequestLimits, type TurnServer } from './server.js'
import { createInterrupter, type Interrupter } from './interruption.js'
import { type HeldLease, keepLease, type LeaseKeeper } from './lease-keeper.js'
import { createPollSchedule, type PollSchedule } from './poll-schedule.js'
import type { SessionFate } from '../ports/history.js'
import { createOtherPrompts, type OtherPrompts } from '../seen/other-prompts.js'
import { createRunHistory, type RunHistory } from '../seen/run-history.js'
import { createRemarks, type Remarks } from './remarks.js'
import { createUsage, rest, type Spent, type UsageMeter } from './usage.js'
import { createWakeup, type Wakeup } from './wakeup.js'

/** One running turn: each group of facts has an owner, and the steps of the recipe ask them. */
export interface TurnRun {
  readonly setup: TurnSetup
  /** The upstream session that the row had when the turn was claimed; null when that is not known. */
  readonly session: KnownSession | null
  /** When it was claimed first, in milliseconds since the epoch; null when that is not known. */
  readonly startedAt: number | null
  /** What the user asked; null when neither the caller nor the row has it. */
  readonly input: Prompt | null
  /** Why what the row says is no prompt; null when it is one, or says nothing. */
  readonly inputProblem: string | null
  readonly server: TurnServer
  readonly lease: LeaseKeeper
  readonly interrupter: Interrupter
  /** Aborts with an `Interrupted`; every wait of the turn takes it. */
  readonly signal: AbortSignal
  readonly wakeup: Wakeup
  readonly schedule: PollSchedule
  readonly delivery: Delivery
  readonly usage: UsageMeter
  readonly remarks: Remarks
  readonly tracing: RunTracing
  readonly activity: ActivityReport
  readonly askGate: AskGate
  /** When what the row had at the claim was asked, in milliseconds since the epoch. */
  readonly askedAt: ReadonlyMap<string, number>
  /** Null when the host keeps none. */
  readonly history: RunHistory | null
  /** Prompts of others that came into the session while the turn ran. */
  readonly others: OtherPrompts
  /** How the turn came to its session. */
  sessionFate: SessionFate
  /** The reply to the current prompt; null while none is chosen. */
  reply: Reply | null
}

/** A session as the row names it. */
export interface KnownSession {
  readonly sessionId: string
  /** Fingerprint of its permission rules, as it was stored last. */
  readonly rules?: string | null
  readonly title?: string | null
}

/** What is known beside the turn's row. */
interface Known {
  /** The prompt as the caller gave it. */
  readonly given: Prompt | null
  readonly session: KnownSession | null
}

/** A run for a turn that was just claimed; it goes on from what an earlier worker stored. */
export function openRun(
  setup: TurnSetup,
  held: HeldLease,
  turn: TurnRecord,
  { given = null, session = null }: Partial<Known> = {},
): TurnRun {
  const { clock, timing } = setup
  const interrupter = createInterrupter()
  const wakeup = createWakeup(clock)
  const lease = keepLease(setup, held, interrupter)
  lease.onAsksRevision(() => wakeup.wake())
  const reply = restoreReply(setup, turn)
  const result = reply?.result() ?? null
  // What the row keeps comes first: the ids of the parts were chosen for that.
  const input = withDefaults(parsePrompt(turn.input) ?? given, setup)
  const usage = createUsage(clock, {
    earlier: earlierOf(turn, result),
    reply: { cost: result?.cost ?? 0, tokens: result?.tokens ?? noTokens },
    steps: reply?.parts.filter((part) => part.kind === 'step-finish').length ?? 0,
  })
  return {
    setup,
    session,
    startedAt: turn.startedAt ?? null,
    input,
    inputProblem: (turn.input ?? null) === null ? null : promptProblem(turn.input),
    server: createServer(setup.client),
    lease,
    interrupter,
    signal: interrupter.signal,
    wakeup,
    schedule: createPollSchedule(() => clock.now(), timing.pollMs),
    delivery: createDelivery(turn.prompt),
    usage,
    remarks: createRemarks(),
    activity: createActivityReport(setup, usage),
    askedAt: new Map(turn.asks?.map(({ id, askedAt }) => [id, askedAt])),
    askGate: createAskGate(clock, setup.store.updateAsks !== undefined),
    others: createOtherPrompts(),
    history: setup.history === null ? null : createRunHistory(),
    tracing: createRunTracing(setup, { lease: held.lease, turn, input }),
    sessionFate: 'same',
    reply,
  }
}

/** What the prompt says itself comes first. */
function withDefaults(prompt: Prompt | null, { promptDefaults }: TurnSetup): Prompt | null {
  return prompt === null ? null : { ...promptDefaults, ...prompt }
}

/**
 * What earlier prompts of the turn cost. Once all of it was kept the columns hold the whole, this reply included; until then, and
 * while it runs, only what came before this reply.
 */
function earlierOf({ status, cost, tokens, reply }: TurnRecord, own: Spent | null): Spent | null {
  if (cost === null || tokens === null) return null
  const isClosed = (reply as { readonly closed?: unknown } | null)?.closed === true
  const isWhole = status !== 'running' && !(status === 'cancelled' && !isClosed)
  return isWhole && own !== null ? rest({ cost, tokens }, own) : isWhole ? null : { cost, tokens }
}

const noTokens = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 }

/** Starts an empty reply for a prompt that was just chosen. */
export function startReply(run: TurnRun, prompt: PromptRecord): Reply {
  const reply = createReply({
    sessionId: prompt.sessionId,
    promptId: prompt.id,
    onObserverError: observerReport(run.setup),
  })
  run.reply = reply
  return reply
}

/** The asks of this turn that wait, as far as events and polls have shown. */
export function openAsks(run: TurnRun): readonly Ask[] {
  return run.reply?.asks.filter((ask) => ask.state === 'open') ?? []
}

/** The limits of a request; `signal` is the turn's own unless the turn is being stopped. */
export function requestLimits(run: TurnRun, signal: AbortSignal = run.signal): RequestLimits {
  return { signal, timeoutMs: run.setup.budgets.requestMs }
}

function restoreReply(setup: TurnSetup, turn: TurnRecord): Reply | null {
  const { prompt } = turn
  if (prompt === null) return null
  const fresh = (): Reply =>
    createReply({
      sessionId: prompt.sessionId,
      promptId: prompt.id,
      onObserverError: observerReport(setup),
    })
  if (turn.reply === null || turn.reply === undefined) return fresh()
  try {
    const stored = parseReply(turn.reply, { onObserverError: observerReport(setup) })
    if (stored.promptId !== prompt.id) return fresh()
    // Whatever the server said between that snapshot and now was not heard.
    stored.apply({ type: 'gap' })
    return stored
  } catch (error) {
    // A snapshot that cannot be read is no loss: the poll brings the same parts again.
    setup.report(error, 'snapshot')
    return fresh()
  }
}

function observerReport(setup: TurnSetup): (error: unknown) => void {
  return (error) => setup.report(error, 'observer')
}
