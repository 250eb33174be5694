import { portTimeout } from '../errors.js'
import { withinMs } from '../run/deadline.js'
import { storeCallMs } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'

/** Writes the reply into the row while it grows, so that another process can show it and go on with it. */
export interface Snapshots {
  /** Begins to write if the reply changed and the last snapshot is old enough. Never waits, never fails the turn. */
  save(): void
  /** Writes what is there now, for a turn that is given up; waits for it no longer than for a request. */
  saveLast(): Promise<void>
  /** When to call `save` next. */
  nextAt(): number
}

export function createSnapshots(run: TurnRun): Snapshots {
  const { budgets, clock, store, timing, report } = run.setup
  let savedAt = clock.now()
  let savedRevision = run.reply?.revision ?? null
  let savedReply = run.reply
  let isWriting = false

  const isNew = (): boolean =>
    run.reply !== null && (run.reply !== savedReply || run.reply.revision !== savedRevision)

  const write = async (limitMs: number): Promise<void> => {
    const { reply } = run
    if (reply === null) return
    const { revision } = reply
    isWriting = true
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
    } finally {
      isWriting = false
    }
  }

  return {
    save() {
      if (!isNew() || isWriting || clock.now() < savedAt + timing.snapshotMs) return
      void write(storeCallMs(run.setup))
    },
    async saveLast() {
      if (isNew()) await write(budgets.requestMs)
    },
    nextAt() {
      const now = clock.now()
      // Deltas wake no one, so whether something is new is looked at as often as it may be written.
      return Math.max(
        savedAt + timing.snapshotMs,
        isNew() && !isWriting ? now : now + timing.snapshotMs,
      )
    },
  }
}
