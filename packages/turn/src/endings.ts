import type { TurnErrorCode } from './errors.js'
import type { TurnRecord } from './ports.js'

/**
 * Every way in which a turn can end. Of a failed turn it is the error's code; of a completed one it says what the answer is.
 *
 * `answered`: with words. `tools_only`, `files_only`, `structured`: without words, but with calls of tools, with files, with a
 * structured value. `empty`: with nothing, where the host takes that for an answer. `length`: cut at the model's limit.
 * `steered`: the run went on with a later message of the user, whose turn has the rest. `ask_lost`: after a person was asked and the server lost the question, it went on without the answer.
 */
export type TurnEnding = CompletedEnding | 'cancelled' | Exclude<TurnErrorCode, 'not_run'>

/** How a completed turn ended. */
export type CompletedEnding =
  | 'answered'
  | 'tools_only'
  | 'files_only'
  | 'structured'
  | 'empty'
  | 'length'
  | 'steered'
  | 'ask_lost'

/** What is known of an ending. */
export interface EndingFacts {
  readonly status: 'completed' | 'failed' | 'cancelled'
  /** The same again, as a new turn, may well end otherwise without a change by anyone. */
  readonly retryable: boolean
  /** For the user, in English; empty when the answer speaks for itself. */
  readonly words: string
}

const completed = (words = ''): EndingFacts => ({ status: 'completed', retryable: false, words })
const failed = (words: string): EndingFacts => ({ status: 'failed', retryable: false, words })
const passing = (words: string): EndingFacts => ({ status: 'failed', retryable: true, words })

/** Each ending with its facts; an ending without them does not compile. */
export const turnEndings: Readonly<Record<TurnEnding, EndingFacts>> = {
  answered: completed(),
  tools_only: completed('The agent did its work and said nothing.'),
  files_only: completed('The agent answered with files alone.'),
  structured: completed(),
  empty: completed('The agent ended without an answer.'),
  length: completed('The model reached its length limit: the answer may be cut.'),
  steered: completed('The agent went on with your next message.'),
  ask_lost: completed(
    'OpenCode stopped while the agent waited for you, so it went on without your answer.',
  ),
  cancelled: { status: 'cancelled', retryable: false, words: 'You stopped this.' },
  server_unreachable: passing('OpenCode could not be reached for too long.'),
  server_refused: failed('OpenCode did not do what was necessary.'),
  server_lost_turn: passing(
    'OpenCode stopped while it worked on this. What it had written until then is kept.',
  ),
  prompt_rejected: failed('OpenCode did not take the message.'),
  provider_failed: passing('The model’s provider failed.'),
  provider_refused: failed('The model’s provider refused the request.'),
  provider_limited: passing('The model’s provider takes no more requests for now.'),
  content_filtered: failed('The model’s provider refused the content.'),
  context_overflow: failed('The conversation is too long for the model.'),
  output_invalid: failed('The model’s answer does not have the form that was asked for.'),
  turn_stopped: failed('The turn was stopped on the server.'),
  session_lost: failed('OpenCode has lost this conversation.'),
  session_not_restored: failed('This conversation could not be restored on OpenCode.'),
  ask_rejected: failed('The agent did not get what it asked for, and stopped.'),
  ask_unanswerable: passing('OpenCode did not take the answer to the agent’s question.'),
  empty_reply: failed('The agent ended without an answer.'),
  budget_first_event: passing('The model did not begin to answer in time.'),
  budget_progress: passing('The model went silent for too long.'),
  budget_tool: failed('A tool of the agent took too long, so the turn was stopped.'),
  budget_wall_clock: failed('The turn took too long and was stopped.'),
  budget_retry: passing('The model’s provider kept failing, so the turn was stopped.'),
  budget_steps: failed('The agent went round in circles and was stopped.'),
  budget_cost: failed('The turn reached its cost limit and was stopped.'),
  budget_tokens: failed('The turn reached its token limit and was stopped.'),
}

/** What an answer consists of. */
export interface AnswerFacts {
  readonly text: string
  readonly tools: readonly unknown[]
  readonly files: readonly unknown[]
  readonly structured: unknown
  readonly finish: string | null
  /** A person was asked, and the server lost the question. */
  readonly hasLostAsk: boolean
}

/** What kind of answer it is. */
export function completedEnding(answer: AnswerFacts): CompletedEnding {
  if (answer.hasLostAsk) return 'ask_lost'
  if (answer.finish === 'length') return 'length'
  if (answer.structured !== null) return 'structured'
  if (answer.text !== '') return 'answered'
  if (answer.files.length > 0) return 'files_only'
  return answer.tools.length > 0 ? 'tools_only' : 'empty'
}

/**
 * How a turn ended, by its row; null while it is not over. An ending that another version of this package wrote counts as the
 * plainest of its status.
 *
 * @throws TypeError for something else than `store.read` gives, such as the row as the database has it.
 */
export function endingOf(
  row: Pick<TurnRecord, 'status' | 'error'> & { readonly reason?: string | null },
): TurnEnding | null {
  switch (row.status) {
    case 'pending':
    case 'running':
    case 'waiting':
      return null
    case 'cancelled':
      return 'cancelled'
    case 'completed':
      return isEnding(row.reason, 'completed') ? row.reason : 'answered'
    case 'failed':
      return isEnding(row.error?.code, 'failed') ? row.error.code : 'server_refused'
    default:
      // A host without types may give the row as its database has it.
      throw new TypeError('`endingOf` takes what `store.read` gives, and this has no `status`')
  }
}

function isEnding(value: unknown, status: EndingFacts['status']): value is TurnEnding {
  return (
    typeof value === 'string' &&
    Object.hasOwn(turnEndings, value) &&
    turnEndings[value as TurnEnding].status === status
  )
}
