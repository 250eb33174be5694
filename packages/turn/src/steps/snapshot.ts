import type { Interruption } from '../run/interruption.js'
import type { TurnRun } from '../run/run.js'
import { untilAborted } from '../run/until-aborted.js'

/** Writes the reply into the row if it changed and the last snapshot is old enough. Never fails the turn. */
export async function saveSnapshot(run: TurnRun): Promise<void> {
  const { clock, snapshotMs, store, report } = run.setup
  const { revision } = run.reply
  const now = clock.now()
  if (revision === run.savedRevision || now < run.savedAt + snapshotMs) return
  run.savedAt = now
  try {
    const { text } = run.reply.result()
    const fields = { reply: run.reply.toJSON(), text }
    const isSaved = await untilAborted(run.signal, store.snapshot(run.lease, fields))
    if (isSaved) run.savedRevision = revision
    else await interruptIfRefused(run)
  } catch (error) {
    run.signal.throwIfAborted()
    report(error, 'snapshot')
  }
}

/** A refused write means a cancel or a lost lease; the next renewal would tell, but later. Null: neither. */
export async function whyRefused(run: TurnRun): Promise<Interruption | null> {
  const { leaseMs, store } = run.setup
  const { held, status } = await untilAborted(run.signal, store.renew(run.lease, { leaseMs }))
  if (status === 'cancelled') return { kind: 'cancelled' }
  return held && status === 'running' ? null : { kind: 'lease_lost' }
}

async function interruptIfRefused(run: TurnRun): Promise<void> {
  const reason = await whyRefused(run)
  if (reason !== null) run.interrupt(reason)
}
