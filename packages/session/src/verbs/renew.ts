import type { ConversationLease } from '../records.js'
import type { Renewal } from '../session-store.js'
import { readStandings } from '../statements/read-standing.js'
import { renewLease } from '../statements/renew-lease.js'
import { renewLeases } from '../statements/renew-leases.js'
import type { Tables } from '../tables.js'

/** One statement's worth: far from every database's limit of values in one. */
const leasesPerBatch = 500

/** @internal */
export async function renewOne(
  tables: Tables,
  lease: ConversationLease,
  leaseMs: number,
): Promise<Renewal> {
  const held = await renewLease(tables, lease, tables.clock.now() + leaseMs)
  const [standing] = await readStandings(tables, [lease.turnId])
  return { held, status: standing?.status ?? 'running', asksRevision: standing?.asksRevision ?? 0 }
}

/** @internal Batch after batch, so that no statement grows with the number of turns. */
export async function renewAll(
  tables: Tables,
  leases: readonly ConversationLease[],
  leaseMs: number,
): Promise<readonly (Renewal | null)[]> {
  const renewals: (Renewal | null)[] = []
  for (let at = 0; at < leases.length; at += leasesPerBatch) {
    const batch = leases.slice(at, at + leasesPerBatch)
    const held = await renewLeases(tables, batch, tables.clock.now() + leaseMs)
    const standings = await readStandings(
      tables,
      batch.map(({ turnId }) => turnId),
    )
    for (const [index, standing] of standings.entries()) {
      const isHeld = held[index] ?? null
      renewals.push(isHeld === null || standing === null ? null : { held: isHeld, ...standing })
    }
  }
  return renewals
}
