import type { Ask } from '@turnstead/reply'
import { WireError } from '@turnstead/wire'
import type { AskDecision } from '../ask-records.js'
import { isPassing } from '../run/passing.js'
import type { RequestLimits } from '../run/server.js'
import type { TurnRun } from '../run/run.js'

/** What an ask needs to be answered. */
export type Answerable = Pick<Ask, 'id' | 'kind' | 'sessionId'>

/** What became of an answer. */
export type Answered =
  | { readonly outcome: 'sent' }
  /** It did not get through; whether it arrived all the same is not known, unless it was never on its way. */
  | { readonly outcome: 'again'; readonly error: unknown; readonly mayHaveArrived: boolean }
  /** The server does not take it: the ask is gone. */
  | { readonly outcome: 'gone' }

/**
 * Sends one answer, under the lease; that the ask is gone already is no failure of the turn.
 */
export async function sendAnswer(
  run: TurnRun,
  ask: Answerable,
  decision: AskDecision,
  options: RequestLimits,
): Promise<Answered> {
  await run.lease.confirm(options.signal)
  try {
    if (ask.kind === 'permission') await answerPermission(run, ask, decision, options)
    else await answerQuestion(run, ask, decision, options)
    return { outcome: 'sent' }
  } catch (error) {
    options.signal?.throwIfAborted()
    run.setup.report(error, 'asks')
    if (!isPassing(error)) return { outcome: 'gone' }
    const mayHaveArrived = !(WireError.is(error) && error.delivered === 'no')
    return { outcome: 'again', error, mayHaveArrived }
  }
}

async function answerPermission(
  run: TurnRun,
  ask: Answerable,
  decision: AskDecision,
  options: RequestLimits,
): Promise<void> {
  const { permission } = run.server.client
  if (decision.action === 'allow') await permission.reply(ask.id, { reply: 'once' }, options)
  if (decision.action === 'reject') {
    const message = decision.message === undefined ? {} : { message: decision.message }
    await permission.reply(ask.id, { reply: 'reject', ...message }, options)
  }
}

async function answerQuestion(
  run: TurnRun,
  ask: Answerable,
  decision: AskDecision,
  options: RequestLimits,
): Promise<void> {
  const { question } = run.server.client
  if (decision.action === 'answer') {
    const answers = decision.answers.map((labels) => [...labels])
    await question.reply(ask.id, { answers }, options)
  }
  if (decision.action === 'reject') await question.reject(ask.id, options)
}
