import type { FailedOutcome, Outcome, OutcomeOptions } from '../records/outcome.js'
import type { ReplyError } from '../records/reply-error.js'
import { isAtWork, unreturned } from '../tracking/background.js'
import { hasRejectedTool } from '../tracking/run-end.js'
import { isAnswer } from '../state/state.js'
import type { HandOver, MessageState, ReplyState } from '../state/state.js'

/** How the newest message of a turn is. */
export type Ending =
  | 'none'
  | 'open'
  | 'open-error'
  | 'error'
  | 'reasonless'
  | 'tool-calls'
  | 'tool-calls-rejected'
  | 'structured'
  | 'unknown-finish'
  | 'finish'

/** What is known about the session. */
export type Activity = 'idle' | 'busy' | 'unasked'

/**
 * The truth about the end of a turn. Rows are the newest message, columns what is known about the session.
 *
 * Every cell has to be filled in, or this does not compile.
 */
const outcomeTable: Readonly<Record<Ending, Readonly<Record<Activity, Outcome['state']>>>> = {
  none: { idle: 'unknown', busy: 'unknown', unasked: 'unknown' },
  open: { idle: 'running', busy: 'running', unasked: 'running' },
  'open-error': { idle: 'failed', busy: 'running', unasked: 'running' },
  error: { idle: 'failed', busy: 'running', unasked: 'failed' },
  reasonless: { idle: 'failed', busy: 'running', unasked: 'running' },
  'tool-calls': { idle: 'running', busy: 'running', unasked: 'running' },
  'tool-calls-rejected': { idle: 'completed', busy: 'running', unasked: 'running' },
  structured: { idle: 'completed', busy: 'running', unasked: 'completed' },
  'unknown-finish': { idle: 'running', busy: 'running', unasked: 'running' },
  finish: { idle: 'completed', busy: 'running', unasked: 'completed' },
}

/** Judges whether the turn is over. */
export function outcomeOf(state: ReplyState, options: OutcomeOptions): Outcome {
  const activity = activityOf(state, options)
  const newest = newestAnswer(state, activity)
  if (state.handOver !== null) return handedOver(state, state.handOver, { newest, activity })
  const ending = newest === null ? 'none' : endingOf(state, newest, activity)
  const verdict = outcomeTable[ending][activity]
  const answeredBy = otherPrompt(state, newest)
  const messageId = newest?.id ?? null
  if (state.root.status === 'deleted' && verdict !== 'completed' && verdict !== 'failed') {
    return { state: 'failed', reason: 'deleted', error: deletedError, messageId, answeredBy }
  }
  if (newest === null || verdict === 'unknown') {
    return { state: 'unknown', error: state.sessionError, answeredBy: null }
  }
  if (verdict === 'failed') {
    return { state: 'failed', ...failureOf(newest), messageId: newest.id, answeredBy }
  }
  const background = unreturned(state)
  const waits = background.some((id) => isAtWork(state.sessions.get(id)))
  if (state.closed && verdict === 'running') {
    return {
      state: 'failed',
      reason: 'interrupted',
      error: interruptedError,
      messageId,
      answeredBy,
    }
  }
  if (verdict === 'running' || (waits && !state.closed)) {
    const interrupted = verdict === 'running' && activity === 'idle'
    const blocked = isBlocked(state)
    return {
      state: 'running',
      messageId: newest.id,
      interrupted,
      blocked,
      answeredBy,
      background,
    }
  }
  const rejected = ending === 'tool-calls-rejected'
  const finish = newest.finish ?? ''
  return {
    state: 'completed',
    finish,
    messageId: newest.id,
    rejected,
    answeredBy,
    background,
  }
}

/** Whatever the run does from then on is the other turn's. */
function handedOver(
  state: ReplyState,
  { promptId: answeredBy, messageId: firstOther }: HandOver,
  { newest, activity }: { readonly newest: MessageState | null; readonly activity: Activity },
): Outcome {
  const messageId = newest?.id ?? firstOther
  const background = unreturned(state)
  if (activity === 'busy') {
    const blocked = isBlocked(state)
    return { state: 'running', messageId, interrupted: false, blocked, answeredBy, background }
  }
  const finish = newest?.finish ?? ''
  return { state: 'completed', finish, messageId, rejected: false, answeredBy, background }
}

function activityOf({ closed }: ReplyState, options: OutcomeOptions): Activity {
  if (closed) return 'idle'
  if (options.sessionIdle === undefined) return 'unasked'
  return options.sessionIdle ? 'idle' : 'busy'
}

/** The newest prompt that an answer is for, when that is another one than the reply's. */
function otherPrompt({ promptId }: ReplyState, newest: MessageState | null): string | null {
  const prompt = newest?.answers ?? promptId
  return prompt === promptId ? null : prompt
}

/** True while an ask of this reply waits for a person. */
export function isBlocked(state: ReplyState): boolean {
  return [...state.asks.values()].some((ask) => ask.state === 'open')
}

/**
 * The newest assistant message of the turn. The summary of a compaction is no answer: the run goes on after it. Only
 * when nothing came after it and the session is idle does the message before it count.
 */
function newestAnswer(state: ReplyState, activity: Activity): MessageState | null {
  const answers = state.root.order.filter(isAnswer)
  const newest = answers.at(-1)
  if (newest === undefined) return null
  const isDone = newest.summary && newest.completedAt !== null && newest.error === null
  if (!isDone || activity !== 'idle') return newest
  return answers.findLast((each) => !each.summary) ?? newest
}

function endingOf(state: ReplyState, message: MessageState, activity: Activity): Ending {
  // After its answer the server wrote a message of its own, as compaction does: the run goes on.
  if (activity !== 'idle' && state.root.order.findLast(({ member }) => member) !== message)
    return 'open'
  if (message.completedAt === null) return message.error === null ? 'open' : 'open-error'
  if (message.error !== null) return 'error'
  if (message.summary) return 'open'
  if (message.finish === null) return 'reasonless'
  if (message.finish === 'unknown') return 'unknown-finish'
  if (message.finish !== 'tool-calls') return 'finish'
  if (message.structured !== null) return 'structured'
  return hasRejectedTool(message) ? 'tool-calls-rejected' : 'tool-calls'
}

const unstated = { statusCode: null, retryable: null, url: null } as const

const deletedError: ReplyError = Object.freeze({
  ...unstated,
  name: 'SessionDeleted',
  message: 'the session was deleted before the turn ended',
})

const incompleteError: ReplyError = Object.freeze({
  ...unstated,
  name: 'IncompleteMessage',
  message: 'the session is idle and its last message ended without a reason',
})

const interruptedError: ReplyError = Object.freeze({
  ...unstated,
  name: 'Interrupted',
  message: 'the turn was closed before the assistant had finished',
})

type Failure = Pick<FailedOutcome, 'reason' | 'error'>

function failureOf(message: MessageState): Failure {
  if (message.error === null) return { reason: 'incomplete', error: incompleteError }
  const reason = message.error.name === 'MessageAbortedError' ? 'aborted' : 'error'
  return { reason, error: message.error }
}
