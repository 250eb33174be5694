import type { Outcome, OutcomeOptions } from '../records/outcome.js'
import type { ReplyError } from '../records/reply-error.js'
import { isAnswer } from '../state/state.js'
import type { MessageState, ReplyState } from '../state/state.js'

/** How the newest message of a turn stands. */
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
  const activity = activityOf(options)
  const newest = newestAnswer(state, activity)
  const ending = newest === null ? 'none' : endingOf(state, newest, activity)
  const verdict = outcomeTable[ending][activity]
  if (state.root.status === 'deleted' && verdict !== 'completed' && verdict !== 'failed') {
    return {
      state: 'failed',
      reason: 'deleted',
      error: deletedError,
      messageId: newest?.id ?? null,
    }
  }
  const answeredBy = answeringPrompt(state, newest)
  if (newest === null || verdict === 'unknown') {
    return { state: 'unknown', error: state.sessionError, answeredBy }
  }
  if (verdict === 'running') {
    const interrupted = activity === 'idle'
    return {
      state: 'running',
      messageId: newest.id,
      interrupted,
      blocked: isBlocked(state),
      answeredBy,
    }
  }
  if (verdict === 'failed') return { state: 'failed', ...failureOf(newest), messageId: newest.id }
  const rejected = ending === 'tool-calls-rejected'
  return { state: 'completed', finish: newest.finish ?? '', messageId: newest.id, rejected }
}

function activityOf(options: OutcomeOptions): Activity {
  if (options.sessionIdle === undefined) return 'unasked'
  return options.sessionIdle ? 'idle' : 'busy'
}

/** True while an ask of this reply waits for a person. */
export function isBlocked(state: ReplyState): boolean {
  return [...state.asks.values()].some((ask) => ask.state === 'open')
}

/**
 * The newest assistant message of the turn. The summary of a compaction is no answer: the run goes on behind it. Only
 * when nothing came behind it and the session is idle does the message before it count.
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
  // Behind its answer the server wrote a message of its own, as compaction does: the run goes on.
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

const rejection =
  /^The user (rejected permission to use this specific tool call\.?$|dismissed this question)/

/** The text of the tool tells, so that a poll alone proves it. A rejection with feedback lets the turn go on. */
function hasRejectedTool({ parts }: MessageState): boolean {
  return parts.some(({ body }) => body?.kind === 'tool' && rejection.test(body.error ?? ''))
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

type Failure = Pick<Extract<Outcome, { state: 'failed' }>, 'reason' | 'error'>

function failureOf(message: MessageState): Failure {
  if (message.error === null) return { reason: 'incomplete', error: incompleteError }
  const reason = message.error.name === 'MessageAbortedError' ? 'aborted' : 'error'
  return { reason, error: message.error }
}

/** Prompts that wait while a run is busy are answered together, by a reply to the newest of them. */
function answeringPrompt(state: ReplyState, newest: MessageState | null): string | null {
  const from = newest ?? state.prompt
  const later = state.root.order.slice(state.root.order.indexOf(from) + 1)
  const prompts = later.filter(
    ({ role, createdAt }) =>
      role === 'user' && createdAt !== null && createdAt >= (state.promptedAt ?? Infinity),
  )
  return (
    prompts.find(({ id, member }) => !member && later.some(({ parentId }) => parentId === id))
      ?.id ?? null
  )
}
