import type { Ask } from '@turnstead/reply'
import { type RequestLimits, requestLimits, type TurnRun } from './run.js'

/** `wait`: a person will answer, through any process. The answers to questions are one list of labels for each. */
export type AskAnswer =
  | { readonly do: 'allow' }
  | { readonly do: 'answer'; readonly answers: readonly (readonly string[])[] }
  | { readonly do: 'reject'; readonly message?: string }
  | { readonly do: 'wait' }

/** Decides what becomes of an ask. Called once per ask in each process; an error counts as `wait`. */
export type AskPolicy = (ask: Ask) => AskAnswer | Promise<AskAnswer>

/** For turns with nobody to ask: every permission and question is rejected. */
export const rejectAsks: AskPolicy = () => ({ do: 'reject' })

/** Leaves every ask to a person, until the `askMs` budget ends. */
export const waitForPerson: AskPolicy = () => ({ do: 'wait' })

/** What an ask needs to be answered. */
export type Answerable = Pick<Ask, 'id' | 'kind' | 'sessionId'>

/**
 * Puts new asks before the policy and rejects those whose time is over. The clocks of progress and wall time
 * stand still while anybody is waited for.
 */
export async function attendAsks(run: TurnRun): Promise<void> {
  const { clock, budgets } = run.setup
  const limits = requestLimits(run)
  for (const ask of openAsks(run)) {
    const since = run.askedAt.get(ask.id)
    if (since === undefined) {
      run.askedAt.set(ask.id, clock.now())
      await answer(run, ask, await decide(run, ask), limits)
    } else if (clock.now() >= since + budgets.askMs) {
      run.askedAt.set(ask.id, clock.now())
      await answer(run, ask, { do: 'reject', message: 'Nobody answered in time.' }, limits)
    }
  }
  suspendWhileBlocked(run, openAsks(run).length > 0)
}

/** When the first ask that waits for a person runs out of time; Infinity when none waits. */
export function nextAskDeadline(run: TurnRun): number {
  const since = openAsks(run).map((ask) => run.askedAt.get(ask.id) ?? Infinity)
  return Math.min(Infinity, ...since) + run.setup.budgets.askMs
}

/** The asks that the server lists for these sessions, in its own words. */
export async function listAsks(
  run: TurnRun,
  sessionIds: ReadonlySet<string>,
  options: RequestLimits,
): Promise<{
  readonly permissions: readonly ServerAsk[]
  readonly questions: readonly ServerAsk[]
}> {
  const { client } = run.setup
  const isOurs = (ask: ServerAsk): boolean => sessionIds.has(ask.sessionID)
  const questions = await client.question.list(options)
  // While any pending webfetch ask of the directory lacks a timeout this list answers 400; the events still tell.
  const permissions = await client.permission.list(options).catch((error: unknown) => {
    run.setup.report(error, 'asks')
    return []
  })
  return { permissions: permissions.filter(isOurs), questions: questions.filter(isOurs) }
}

interface ServerAsk {
  readonly id: string
  readonly sessionID: string
}

/** Sends one answer; that the ask is gone already is no failure of the turn. */
export async function answer(
  run: TurnRun,
  ask: Answerable,
  decision: AskAnswer,
  options: RequestLimits,
): Promise<void> {
  try {
    if (ask.kind === 'permission') await answerPermission(run, ask, decision, options)
    else await answerQuestion(run, ask, decision, options)
  } catch (error) {
    run.setup.report(error, 'asks')
  }
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

function openAsks(run: TurnRun): readonly Ask[] {
  return run.reply.asks.filter((ask) => ask.state === 'open')
}

async function decide(run: TurnRun, ask: Ask): Promise<AskAnswer> {
  try {
    return await run.setup.asks(ask)
  } catch (error) {
    run.setup.report(error, 'asks')
    return { do: 'wait' }
  }
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
