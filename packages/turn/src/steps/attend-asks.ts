import type { Ask } from '@turnstead/reply'
import { WireError } from '@turnstead/wire'
import { isPassingAtWork } from '../run/retry.js'
import { type RequestLimits, requestLimits, type TurnRun } from '../run/run.js'

/** `wait`: a person will answer, through any process. The answers to questions are one list of labels for each. */
export type AskAnswer =
  | { readonly do: 'allow' }
  | { readonly do: 'answer'; readonly answers: readonly (readonly string[])[] }
  | { readonly do: 'reject'; readonly message?: string }
  | { readonly do: 'wait' }

/**
 * Decides what becomes of an ask. Called once per ask in each process; an error counts as `wait`, and so does
 * the time until it has decided.
 */
export type AskPolicy = (ask: Ask) => AskAnswer | Promise<AskAnswer>

/** For turns with nobody to ask: every permission and question is rejected. */
export const rejectAsks: AskPolicy = () => ({ do: 'reject' })

/** Leaves every ask to a person, until the `askMs` budget ends. */
export const waitForPerson: AskPolicy = () => ({ do: 'wait' })

/** What an ask needs to be answered. */
export type Answerable = Pick<Ask, 'id' | 'kind' | 'sessionId'>

/** An ask that was put before the policy. */
export interface AttendedAsk {
  since: number
  /** Null while nothing is to be sent. */
  decision: AskAnswer | null
  /** When the decision is sent next. */
  sendAt: number
}

const retryMs = 500

/**
 * Puts new asks before the policy, sends what was decided, and rejects those whose time is over. The clocks
 * of progress and wall time stand still while anybody is waited for.
 */
export async function attendAsks(run: TurnRun): Promise<void> {
  const { clock, budgets } = run.setup
  for (const ask of openAsks(run)) {
    const attended = run.attended.get(ask.id) ?? attend(run, ask)
    const now = clock.now()
    if (now >= attended.since + budgets.askMs) {
      attended.since = now
      attended.decision = { do: 'reject', message: 'Nobody answered in time.' }
      attended.sendAt = now
    }
    if (now >= attended.sendAt) await sendDecision(run, ask, attended)
  }
  suspendWhileBlocked(run, openAsks(run).length > 0)
}

/** When the next open ask has to be answered or runs out of time; Infinity when none waits. */
export function nextAskDeadline(run: TurnRun): number {
  let next = Infinity
  for (const ask of openAsks(run)) {
    const attended = run.attended.get(ask.id)
    if (attended === undefined) continue
    next = Math.min(next, attended.since + run.setup.budgets.askMs, attended.sendAt)
  }
  return next
}

/**
 * The asks that the server lists for these sessions, in its own words. Without `permissions` when it cannot
 * list them: it answers 400 while any pending webfetch ask of the directory lacks a timeout.
 */
export async function listAsks(
  run: TurnRun,
  sessionIds: ReadonlySet<string>,
  options: RequestLimits,
): Promise<{
  readonly permissions?: readonly ServerAsk[]
  readonly questions: readonly ServerAsk[]
}> {
  const { client, report } = run.setup
  const isOurs = (ask: ServerAsk): boolean => sessionIds.has(ask.sessionID)
  const questions = (await client.question.list(options)).filter(isOurs)
  try {
    const permissions = await client.permission.list(options)
    return { permissions: permissions.filter(isOurs), questions }
  } catch (error) {
    if (!WireError.is(error) || error.code !== 'bad_request') throw error
    report(error, 'asks')
    return { questions }
  }
}

interface ServerAsk {
  readonly id: string
  readonly sessionID: string
}

/**
 * Sends one answer; that the ask is gone already is no failure of the turn.
 *
 * @returns `again` when the answer may not have arrived, `gone` when the server does not take it.
 */
export async function answer(
  run: TurnRun,
  ask: Answerable,
  decision: AskAnswer,
  options: RequestLimits,
): Promise<'sent' | 'again' | 'gone'> {
  try {
    if (ask.kind === 'permission') await answerPermission(run, ask, decision, options)
    else await answerQuestion(run, ask, decision, options)
    return 'sent'
  } catch (error) {
    options.signal.throwIfAborted()
    run.setup.report(error, 'asks')
    return isPassingAtWork(error) ? 'again' : 'gone'
  }
}

/** The policy is not awaited: it may ask a person, and the turn must hear of its end meanwhile. */
function attend(run: TurnRun, ask: Ask): AttendedAsk {
  const attended: AttendedAsk = {
    since: run.setup.clock.now(),
    decision: null,
    sendAt: Infinity,
  }
  run.attended.set(ask.id, attended)
  void decide(run, ask).then((decision) => {
    if (decision.do === 'wait' || attended.decision !== null) return
    attended.decision = decision
    attended.sendAt = run.setup.clock.now()
    run.alarm.ring()
  })
  return attended
}

async function decide(run: TurnRun, ask: Ask): Promise<AskAnswer> {
  try {
    const decision = await run.setup.asks(ask)
    const isOfOtherKind = decision.do === (ask.kind === 'permission' ? 'answer' : 'allow')
    if (!isOfOtherKind) return decision
    throw new TypeError(
      `\`asks\` must decide a ${ask.kind} by ${ask.kind === 'permission' ? '`allow`' : '`answer`'}, \`reject\` or \`wait\``,
    )
  } catch (error) {
    run.setup.report(error, 'asks')
    return { do: 'wait' }
  }
}

async function sendDecision(run: TurnRun, ask: Ask, attended: AttendedAsk): Promise<void> {
  if (attended.decision === null) return
  const outcome = await answer(run, ask, attended.decision, requestLimits(run))
  attended.sendAt = outcome === 'again' ? run.setup.clock.now() + retryMs : Infinity
  if (outcome !== 'gone') return
  // Somebody else has answered, or the server forgot it, and nobody told: its lists know.
  run.hasGap = true
  run.isLookDue = true
}

async function answerPermission(
  run: TurnRun,
  ask: Answerable,
  decision: AskAnswer,
  options: RequestLimits,
): Promise<void> {
  const { permission } = run.setup.client
  if (decision.do === 'allow') await permission.reply(ask.id, { reply: 'once' }, options)
  if (decision.do === 'reject') {
    const message = decision.message === undefined ? {} : { message: decision.message }
    await permission.reply(ask.id, { reply: 'reject', ...message }, options)
  }
}

async function answerQuestion(
  run: TurnRun,
  ask: Answerable,
  decision: AskAnswer,
  options: RequestLimits,
): Promise<void> {
  const { question } = run.setup.client
  if (decision.do === 'answer') {
    const answers = decision.answers.map((labels) => [...labels])
    await question.reply(ask.id, { answers }, options)
  }
  if (decision.do === 'reject') await question.reject(ask.id, options)
}

/** The asks of this turn that wait, as far as events and looks have told. */
export function openAsks(run: TurnRun): readonly Ask[] {
  return run.reply.asks.filter((ask) => ask.state === 'open')
}

function suspendWhileBlocked(run: TurnRun, isBlocked: boolean): void {
  const { usage } = run
  const now = run.setup.clock.now()
  if (isBlocked) {
    usage.blockedSince ??= now
  } else if (usage.blockedSince !== null) {
    usage.blockedMs += now - usage.blockedSince
    usage.blockedSince = null
    usage.progressAt = now
  }
}
