import type { TurnRun } from './run.js'

/** Renews the lease until closed, and hears by it of a person's cancel and of a lost lease. */
export function keepLease(run: TurnRun): { close(): Promise<void> } {
  const closing = new AbortController()
  const loop = renewLoop(run, closing.signal)
  return {
    async close() {
      closing.abort()
      await loop
    },
  }
}

async function renewLoop(run: TurnRun, closing: AbortSignal): Promise<void> {
  const { clock, leaseMs } = run.setup
  let heldUntil = run.lease.expiresAt
  while (!closing.aborted && !run.signal.aborted) {
    await clock.sleep(leaseMs / 10, { signal: closing }).catch(() => undefined)
    if (closing.aborted) return
    heldUntil = await renewOnce(run, heldUntil)
  }
}

async function renewOnce(run: TurnRun, heldUntil: number): Promise<number> {
  const { clock, leaseMs, store, report } = run.setup
  const askedAt = clock.now()
  try {
    const { held, status } = await store.renew(run.lease, { leaseMs })
    if (status === 'cancelled') run.interrupt({ kind: 'cancelled' })
    else if (!held || status !== 'running') run.interrupt({ kind: 'lease_lost' })
    return askedAt + leaseMs
  } catch (error) {
    report(error, 'renew')
    // A worker that cannot reach its database must stop acting before another may start.
    if (clock.now() >= heldUntil) run.interrupt({ kind: 'lease_lost' })
    return heldUntil
  }
}
