import type { ReplyResult } from '@turnstead/reply'
import type { CompletedEnding, TurnEnding } from './endings.js'
import type { TurnError } from './errors.js'
import type { RowId } from './ports.js'
import type { SessionFate } from './ports/history.js'

/** Which step of stopping the agent worked. All true: proven stopped, and nothing left open. */
export interface StopReport {
  /** The server took the abort of the session and of every sub-agent that was at work. */
  readonly aborted: boolean
  /** How many open asks were rejected; answered later they would still run. */
  readonly rejectedAsks: number
  /** After that the server's own lists show no open ask of these sessions. */
  readonly asksClosed: boolean
  /** The server says that the sessions are idle. */
  readonly idle: boolean
}

/** What every settled turn brought, whichever way it ended. */
export interface SettledTurn<Report> {
  readonly turnId: RowId
  /** How it ended; `turnEndings` has the words for it. */
  readonly ending: TurnEnding
  /** The reply, also when it is partial. Its cost and tokens are those of the last prompt of the turn. */
  readonly reply: ReplyResult
  /** Cost of the whole turn, runs in sessions that were lost included. */
  readonly cost: number
  /** The server did not know the conversation's session any more, so the turn ran in a new one: the agent has forgotten what was said before. */
  readonly sessionRecreated: boolean
  /**
   * The session that it ran in. `same`: that of the conversation. `new`: its first. `restored`: the server did not know it, and was told
   * what is kept of it. `replaced`: a new one in its place, in which the agent has forgotten what was said before. `lost`: none, and the turn failed by it.
   */
  readonly session: SessionFate
  /** From claim to settle. */
  readonly durationMs: number
  /** From the first send to the first text; null when none came or when another process had sent. */
  readonly timeToFirstTokenMs: number | null
  /** What the collector reported; null without a collector, without tools, or when it failed. */
  readonly artifacts: Report | null
  /** Turns of the conversation whose messages were given to the agent while this one ran. Each has a result of its own. */
  readonly steered: readonly RowId[]
  /**
   * Messages of others that came into the session while this turn ran: prompts of the terminal, of another client, of a plug-in. Their ids
   * on the server, at most 100. An answer that is for such a prompt and for this one is in both; `answeredBy` says so.
   */
  readonly foreign: readonly string[]
  /** The turn that is first in the line of the conversation now; null when none waits, and for a turn that neither was in the line nor asked a person. */
  readonly next: RowId | null
}

/** The server proved that the assistant finished, and the row says so. */
export interface CompletedTurn<Report, Output = unknown> extends SettledTurn<Report> {
  readonly status: 'completed'
  readonly ending: CompletedEnding
  /** With the option `output`: the answer, checked. Without it: the structured value as the server has it, null without one. */
  readonly output: Output
  /** The model's finish reason, `stop` as a rule. */
  readonly finish: string | null
  /** The later prompt that the agent answered together with this one, or went on with; null as a rule. */
  readonly answeredBy: string | null
}

/** The row holds the error and whatever text there was. */
export interface FailedTurn<Report> extends SettledTurn<Report> {
  readonly status: 'failed'
  readonly error: TurnError
  /** How the agent was stopped; null when it had ended by itself, or was never asked. */
  readonly stop: StopReport | null
}

/** The user cancelled it; the partial reply is kept. */
export interface CancelledTurn<Report> extends SettledTurn<Report> {
  readonly status: 'cancelled'
  /** How the agent was stopped; null when it had ended by itself, or was never asked. */
  readonly stop: StopReport | null
}

/** Nothing was settled by this call: the turn belongs to another worker, or had ended before. */
export interface Skipped {
  readonly status: 'skipped'
  readonly turnId: RowId
  /**
   * `busy`: another worker holds the conversation. `settled`: it had ended before. `missing`: no such row. `lease_lost`: another
   * worker took over. `handed_off`: this process was asked to leave it running. `waiting`: it waits for a person, and no worker is
   * needed before there is an answer or the person's time is over; then run it again. `queued`: it is in the line of its conversation
   * behind a turn that waits for a person, or its agent has the message; whoever ends that turn says that this one is `next`. `elsewhere`: this process does not reach the
   * server on which the conversation is, or reaches none that takes more.
   */
  readonly reason:
    | 'waiting'
    | 'queued'
    | 'busy'
    | 'settled'
    | 'missing'
    | 'lease_lost'
    | 'handed_off'
    | 'elsewhere'
  /** The server on which the conversation is, where the reason is `elsewhere`; null otherwise, and where it is on none. */
  readonly server: string | null
  /**
   * When the holder's lease ends if it is not renewed, or the person's time, in milliseconds since the epoch; null unless `busy`,
   * `waiting` or `queued`, and where that is not known.
   */
  readonly heldUntil: number | null
  /** The turn may still need a run: a job must come back (throw, or be scheduled again). False for `settled`, `missing`, `waiting` and `queued`. */
  readonly mustRunAgain: boolean
}

/** How a turn ended. Switch on `status`. */
export type TurnResult<Report = unknown, Output = unknown> =
  | CompletedTurn<Report, Output>
  | FailedTurn<Report>
  | CancelledTurn<Report>
  | Skipped

/** @internal It holds its conversation without a worker. */
export function waitsForPerson<Report>(result: TurnResult<Report>): result is Skipped {
  return result.status === 'skipped' && result.reason === 'waiting'
}

/** The turn is over, or what runs it again is noted in rows. */
const isDone: ReadonlySet<Skipped['reason']> = new Set(['settled', 'missing', 'waiting', 'queued'])

/** A turn that this call did not settle. */
export function skipped(
  turnId: RowId,
  reason: Skipped['reason'],
  heldUntil: number | null = null,
): Skipped {
  const mustRunAgain = !isDone.has(reason)
  return { status: 'skipped', turnId, reason, server: null, heldUntil, mustRunAgain }
}
