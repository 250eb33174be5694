import type { TurnRun } from './run.js'

/** Writes the reply into the row if it changed and the last snapshot is old enough. Never fails the turn. */
export async function saveSnapshot(run: TurnRun): Promise<void> {
  const { clock, snapshotMs, store, report } = run.setup
  const { revision } = run.reply
  const now = clock.now()
  if (revision === run.savedRevision || now < run.savedAt + snapshotMs) return
  run.savedAt = now
  try {
    const { text } = run.reply.result()
    const isSaved = await store.snapshot(run.lease, { reply: run.reply.toJSON(), text })
    if (isSaved) run.savedRevision = revision
    else await findOutWhy(run)
  } catch (error) {
    report(error, 'snapshot')
  }
}

/** A refused snapshot means a cancel or a lost lease; the next renewal would tell, but later. */
async function findOutWhy(run: TurnRun): Promise<void> {
  const { held, status } = await run.setup.store.renew(run.lease, { leaseMs: run.setup.leaseMs })
  if (status === 'cancelled') run.interrupt({ kind: 'cancelled' })
  else if (!held || status !== 'running') run.interrupt({ kind: 'lease_lost' })
}
