import type { ReplyResult } from '@turnstead/reply'
import type { TurnError } from './errors.js'
import type { RowId } from './ports.js'
import type { TurnRun } from './run/run.js'
import type { Ending } from './steps/settle.js'
import type { StopReport } from './steps/stop.js'

/** What every settled turn brought, whichever way it ended. */
export interface SettledTurn<Report> {
  readonly turnId: RowId
  /** The reply, also when it is partial. */
  readonly reply: ReplyResult
  /** From claim to settle. */
  readonly durationMs: number
  /** From the first send to the first text; null when none came or when another process had sent. */
  readonly timeToFirstTokenMs: number | null
  /** What the collector reported; null without a collector, without tools, or when it failed. */
  readonly artifacts: Report | null
}

/** The server proved that the assistant finished, and the row says so. */
export interface CompletedTurn<Report> extends SettledTurn<Report> {
  readonly status: 'completed'
  /** The model's finish reason, `stop` as a rule. */
  readonly finish: string | null
}

/** The row holds the error and whatever text there was. */
export interface FailedTurn<Report> extends SettledTurn<Report> {
  readonly status: 'failed'
  readonly error: TurnError
  /** How the agent was stopped; null when it had ended by itself, or was never asked. */
  readonly stop: StopReport | null
}

/** A person stopped it; the partial reply is kept. */
export interface CancelledTurn<Report> extends SettledTurn<Report> {
  readonly status: 'cancelled'
  /** How the agent was stopped; null when it had ended by itself, or was never asked. */
  readonly stop: StopReport | null
}

/** Nothing was settled by this call: the turn belongs to somebody else, or had ended before. */
export interface Skipped {
  readonly status: 'skipped'
  readonly turnId: RowId
  /**
   * `busy`: another worker runs a turn of this conversation. `settled`: it had ended before. `missing`: no such
   * row. `lease_lost`: another worker took over. `handed_off`: this process was told to leave it running.
   */
  readonly reason: 'busy' | 'settled' | 'missing' | 'lease_lost' | 'handed_off'
}

/** How a turn ended. Switch on `status`. */
export type TurnResult<Report = unknown> =
  | CompletedTurn<Report>
  | FailedTurn<Report>
  | CancelledTurn<Report>
  | Skipped

export function toResult<Report>(
  run: TurnRun,
  ending: Ending,
  more: { readonly stop: StopReport | null; readonly artifacts: Report | null },
): TurnResult<Report> {
  const { usage, setup, timeToFirstTokenMs } = run
  const settled: SettledTurn<Report> = {
    turnId: setup.turnId,
    reply: run.reply.result(),
    durationMs: setup.clock.now() - usage.startedAt,
    timeToFirstTokenMs,
    artifacts: more.artifacts,
  }
  if (ending.status === 'completed') return { ...settled, ...ending }
  if (ending.status === 'failed') return { ...settled, ...ending, stop: more.stop }
  return { ...settled, ...ending, stop: more.stop }
}
