import type { AskAttendant } from '../asks/attend-asks.js'
import type { Waiting } from '../asks/wait-of-asks.js'
import { keepHistory } from '../history/keep-history.js'
import { withRetry } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'

/** The turn waits for a person in its row alone: this worker has nothing more to do with it. */
export class Parked extends Error {
  override readonly name: string = 'Parked'
  /** When the person's time is over, in milliseconds since the epoch; null when only an answer ends the wait. */
  readonly dueAt: number | null

  constructor(dueAt: number | null) {
    super('The turn waits for a person.')
    this.dueAt = dueAt
  }
}

/** Leaves a turn that only waits to its row. */
export interface Parking {
  /**
   * Leaves the turn, if it has waited for long enough: what was shown and what the server knows is kept first, so that another worker,
   * and another server, can go on.
   *
   * @throws Parked once the row has it.
   */
  park(): Promise<void>
  /** When to call `park` next; Infinity while the turn does not wait. */
  nextAt(): number
}

/** After a store that did not take it, or an answer that came right then. */
const retryMs = 5_000

export function createParking(
  run: TurnRun,
  asks: Pick<AskAttendant, 'waiting' | 'closeStale'>,
  snapshots: { saveLast(): Promise<void> },
): Parking {
  const { clock, store, report } = run.setup
  const { parkAfterMs, remindAfterMs } = run.setup.timing
  const isOff = store.park === undefined || parkAfterMs === 0 || parkAfterMs === Infinity
  let triedAt = -Infinity

  const nextAt = (): number => {
    const waiting = isOff ? null : asks.waiting()
    if (waiting === null) return Infinity
    // The agent may do other things meanwhile, which someone has to see and to limit.
    const quietSince = Math.max(waiting.since, run.usage.read().progressAt)
    return Math.max(quietSince + parkAfterMs, triedAt + retryMs)
  }

  const leave = async ({ askedAt, endsAt }: Waiting): Promise<Parked | null> => {
    await snapshots.saveLast()
    await keepHistory(run, 'step')
    run.signal.throwIfAborted()
    const offset = clock.wall() - clock.now()
    const dueAt = wallTime(offset + endsAt)
    const remindAt = wallTime(offset + askedAt + remindAfterMs)
    const isParked = await withRetry(run.setup, {
      step: 'asks',
      signal: run.signal,
      attempt: async () => (await store.park?.(run.lease.lease, { dueAt, remindAt })) ?? false,
    })
    return isParked ? new Parked(dueAt) : null
  }

  return {
    nextAt,
    async park() {
      const waiting = asks.waiting()
      if (waiting === null || clock.now() < nextAt() || asks.closeStale()) return
      triedAt = clock.now()
      try {
        const parked = await leave(waiting)
        if (parked !== null) throw parked
        // What speaks against it is in the row.
        run.lease.recheck()
      } catch (error) {
        run.signal.throwIfAborted()
        if (error instanceof Parked) throw error
        report(error, 'asks')
      }
    },
  }
}

function wallTime(time: number): number | null {
  return Number.isFinite(time) ? Math.round(time) : null
}
