import type { TurnOptions } from '../options.js'
import type { LeftTurn, RowId } from '../ports.js'
import type { Prompt } from '../prompt.js'
import type { TurnResult } from '../result.js'

/** A turn to be run. */
export interface TurnJob {
  readonly conversationId: RowId
  readonly turnId: RowId
  /** May be left out when the row has it already. */
  readonly prompt?: Prompt
}

/** What a host says once for all turns of a worker. */
export interface TurnWorkerOptions<Report = unknown> extends Omit<
  TurnOptions<Report>,
  'conversationId' | 'turnId' | 'prompt' | 'signal' | 'cancelSignal' | 'onBusy'
> {
  /** So many turns run at once. Default 10. */
  readonly concurrency?: number
  /** So many may wait; one more is refused with a `RangeError`. Default 10,000. */
  readonly maxWaiting?: number
  /** How long `close` lets running turns store what was shown, in milliseconds. Default 10,000. */
  readonly handOverMs?: number
  /**
   * How often to look for turns that crashes left, also when the worker starts, in milliseconds; they take their place in the line. With
   * it the worker goes on with whoever is next in the line of a conversation. 0:
   * never. Default 30,000, if the store has a `sweep`.
   */
  readonly resumeMs?: number
  /**
   * Called with turns that no worker has taken for long, as often as they are found: the queue has lost their jobs. Those of a line are run
   * without it. What it throws
   * or rejects with goes to `onError`.
   */
  readonly onPending?: (turns: readonly LeftTurn[]) => void | Promise<void>
  /** What differs from turn to turn: the model, the rules, who answers. */
  readonly turnOptions?: (
    job: TurnJob,
  ) => Partial<TurnOptions<Report>> | Promise<Partial<TurnOptions<Report>>>
}

/** What a worker is doing, for health checks and gauges. */
export interface TurnWorkerHealth {
  /** Turns that run now. */
  readonly running: number
  /** Turns that wait for their conversation or for room. */
  readonly waiting: number
  /** How long the oldest of those has waited, in milliseconds; 0 when none waits. */
  readonly oldestWaitingMs: number
  /** How long the turn that began last had waited, in milliseconds. */
  readonly lagMs: number
  /** It takes no turns any more. */
  readonly isClosing: boolean
}

/** Runs many turns in one process. */
export interface TurnWorker<Report = unknown> extends AsyncDisposable {
  /**
   * Runs a turn when its conversation and the worker have room, for the job of a queue.
   *
   * @throws TurnError `not_run` when the job must come back, the store's error when the rows are out of reach.
   */
  run(
    job: TurnJob,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<TurnResult<Report>>
  /**
   * Runs a turn for a host without a queue: again until it is over. Null when the worker closes before; the turn is then
   * for `resumeTurns`.
   *
   * @throws RangeError when too many wait already.
   */
  enqueue(job: TurnJob): Promise<TurnResult<Report> | null>
  /** The user's cancel, here and in the row; false when the turn was over. */
  cancel(request: { readonly turnId: RowId; readonly reason?: string | null }): Promise<boolean>
  health(): TurnWorkerHealth
  /** Takes no more turns and leaves the running ones to the next worker, with what was shown in their rows. At most `handOverMs`. */
  close(): Promise<void>
}
