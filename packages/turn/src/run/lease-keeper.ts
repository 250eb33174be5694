import type { TurnRun } from './run.js'

/**
 * Renews the lease until closed, also while the agent is being stopped, and hears by it of a person's cancel
 * and of a lost lease.
 */
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
  while (!closing.aborted && !run.lost.aborted) {
    await clock.sleep(leaseMs / 10, { signal: closing }).catch(() => undefined)
    if (closing.aborted) return
    heldUntil = await renewOnce(run, heldUntil, closing)
  }
}

async function renewOnce(run: TurnRun, heldUntil: number, closing: AbortSignal): Promise<number> {
  const { clock, leaseMs, store, report } = run.setup
  const askedAt = clock.now()
  const answered = new AbortController()
  const waiting = { signal: AbortSignal.any([answered.signal, closing]) }
  const expiry = clock.sleep(Math.max(0, heldUntil - askedAt), waiting).then(
    () => 'expired' as const,
    () => 'closed' as const,
  )
  try {
    const renewal = await Promise.race([store.renew(run.lease, { leaseMs }), expiry])
    if (renewal === 'closed') return heldUntil
    if (renewal === 'expired') throw new Error('The store did not answer before the lease expired.')
    if (renewal.status === 'cancelled') run.interrupt({ kind: 'cancelled' })
    else if (!renewal.held || renewal.status !== 'running') run.interrupt({ kind: 'lease_lost' })
    return askedAt + leaseMs
  } catch (error) {
    report(error, 'renew')
    // A worker that cannot reach its database must stop acting before another may start.
    if (clock.now() >= heldUntil) run.interrupt({ kind: 'lease_lost' })
    return heldUntil
  } finally {
    answered.abort()
  }
}
