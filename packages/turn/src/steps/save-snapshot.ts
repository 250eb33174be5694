import type { ChangeOf, Reply } from '@turnstead/reply'
import { portTimeout } from '../errors.js'
import { withinMs } from '../run/deadline.js'
import { storeCallMs } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'
import { createSnapshotSchedule } from '../run/snapshot-schedule.js'
import { type AnswerText, followAnswer } from './answer-text.js'

/** Writes the reply into the row while it grows, so that another process can show it and go on with it. */
export interface Snapshots {
  /**
   * Begins to write if the reply changed and another snapshot is due: by the time, and by what was written already. Never waits, never fails the turn.
   */
  save(): void
  /** Writes what is there now, for a turn that is given up, after what is being written already; gives up on either after the time of a request. */
  saveLast(): Promise<void>
  /** When to call `save` next. */
  nextAt(): number
  /** A text of this reply grew; told of each piece, a snapshot costs what is new. */
  grew(reply: Reply, change: ChangeOf<'text-delta'>): void
}

/** A snapshot, made at one instant. */
interface Snapshot {
  readonly reply: Reply
  readonly revision: number
  readonly json: string
  readonly text: string
  /** Its length stands for its bytes. */
  readonly size: number
}

export function createSnapshots(run: TurnRun): Snapshots {
  const { budgets, clock, store, timing, report } = run.setup
  let answer: { readonly of: Reply; readonly text: AnswerText } | null = null
  let writing: Promise<void> | null = null

  const take = (reply: Reply): Snapshot => {
    if (answer?.of !== reply) answer = { of: reply, text: followAnswer(reply) }
    const json = reply.serialize()
    const text = answer.text.read()
    return { reply, revision: reply.revision, json, text, size: json.length + text.length }
  }

  const found = run.reply === null ? null : take(run.reply)
  const schedule = createSnapshotSchedule(timing.snapshotMs, found?.size ?? 0, clock.now())
  /** When it was looked at last whether what is new is enough; the loop that asks may turn much more often. */
  let lookedAt = -Infinity
  let savedReply = run.reply
  let savedRevision = found?.revision ?? null

  const isNew = (): boolean =>
    run.reply !== null && (run.reply !== savedReply || run.reply.revision !== savedRevision)

  const write = async (snapshot: Snapshot, limitMs: number): Promise<void> => {
    const { json, reply, revision, size, text } = snapshot
    schedule.writing(size, clock.now())
    try {
      const fields = {
        reply: { toJSON: (): unknown => JSON.parse(json), serialize: () => json },
        text,
      }
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

  const begin = (snapshot: Snapshot, limitMs: number): Promise<void> => {
    const begun = write(snapshot, limitMs).finally(() => (writing = null))
    writing = begun
    return begun
  }

  return {
    save() {
      const { reply } = run
      const now = clock.now()
      if (reply === null || !isNew() || writing !== null) return
      if (now < schedule.nextAt() || now < lookedAt + timing.snapshotMs) return
      if (!run.askGate.isOpen(reply)) return
      lookedAt = now
      const snapshot = take(reply)
      if (schedule.mayWrite(snapshot.size, now)) void begin(snapshot, storeCallMs(run.setup))
    },
    async saveLast() {
      const { requestMs } = budgets
      const expired = (): Error => portTimeout('snapshot', requestMs)
      try {
        await withinMs(clock, { ms: requestMs, expired }, async () => {
          // Written beside it, the older one might come last.
          await writing
          if (run.reply !== null && isNew()) await begin(take(run.reply), requestMs)
        })
      } catch (error) {
        report(error, 'snapshot')
      }
    },
    nextAt() {
      const now = clock.now()
      // Deltas wake no one, so whether something is new is looked at as often as it may be written.
      const isDue = isNew() && writing === null && now < schedule.nextAt()
      return isDue ? schedule.nextAt() : now + timing.snapshotMs
    },
    grew(reply, change) {
      if (answer?.of === reply) answer.text.grew(change)
    },
  }
}
