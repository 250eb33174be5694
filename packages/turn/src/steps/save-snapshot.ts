import { portTimeout } from '../errors.js'
import { withinMs } from '../run/deadline.js'
import { storeCallMs } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'

/** Writes the reply into the row while it grows, so that another process can show it and go on with it. */
export interface Snapshots {
  /** Begins to write if the reply changed and the last snapshot is old enough. Never waits, never fails the turn. */
  save(): void
  /** Writes what is there now, for a turn that is given up, after what is being written already; gives up on either after the time of a request. */
  saveLast(): Promise<void>
  /** When to call `save` next. */
  nextAt(): number
}

export function createSnapshots(run: TurnRun): Snapshots {
  const { budgets, clock, store, timing, report } = run.setup
  let savedAt = clock.now()
  let savedRevision = run.reply?.revision ?? null
  let savedReply = run.reply
  let writing: Promise<void> | null = null

  const isNew = (): boolean =>
    run.reply !== null && (run.reply !== savedReply || run.reply.revision !== savedRevision)

  const write = async (limitMs: number): Promise<void> => {
    const { reply } = run
    if (reply === null) return
    const { revision } = reply
    savedAt = clock.now()
    try {
      const fields = { reply: reply.toJSON(), text: reply.result().text }
      const deadline = { ms: limitMs, expired: () => portTimeout('snapshot', limitMs) }
      const isSaved = await withinMs(clock, deadline, () => store.snapshot(run.lease.lease, fields))
      if (isSaved) {
        savedReply = reply
        savedRevision = revision
      } else run.lease.recheck()
    } catch (error) {
      report(error, 'snapshot')
    }
  }

  const begin = (limitMs: number): Promise<void> => {
    const begun = write(limitMs).finally(() => (writing = null))
    writing = begun
    return begun
  }

  return {
    save() {
      if (!isNew() || writing !== null || clock.now() < savedAt + timing.snapshotMs) return
      void begin(storeCallMs(run.setup))
    },
    async saveLast() {
      const { requestMs } = budgets
      const expired = (): Error => portTimeout('snapshot', requestMs)
      try {
        await withinMs(clock, { ms: requestMs, expired }, async () => {
          // Written beside it, the older one might come last.
          await writing
          if (isNew()) await begin(requestMs)
        })
      } catch (error) {
        report(error, 'snapshot')
      }
    },
    nextAt() {
      const now = clock.now()
      // Deltas wake no one, so whether something is new is looked at as often as it may be written.
      return Math.max(
        savedAt + timing.snapshotMs,
        isNew() && writing === null ? now : now + timing.snapshotMs,
      )
    },
  }
}
