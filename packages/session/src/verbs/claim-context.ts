import type { ConversationLease } from '../records.js'
import { releaseLease } from '../statements/release-lease.js'
import type { LeaseRow } from '../statements/find-lease.js'
import { takeLease } from '../statements/take-lease.js'
import type { Tables } from '../tables.js'
import { toMark } from './holder.js'

/** What the claims of one store share. */
export interface ClaimContext {
  readonly tables: Tables
  /** Names this life of the process. */
  readonly instance: string
  readonly randomId: () => string
  /** Marks of claims that failed after they may have taken the lease: no one runs under them. */
  readonly forsaken: Set<string>
}

const maxForsaken = 1000

/**
 * Takes a lease and does what a claim does under it. When that fails or is given up, the lease is given back; when even that
 * fails, the next claim of this store knows that no one holds it. Undefined when another one was faster.
 */
export async function takeAndDo<Result>(
  { tables, instance, randomId, forsaken }: ClaimContext,
  {
    lease,
    seen,
    turnKey,
    signal,
  }: {
    readonly lease: ConversationLease
    readonly seen: LeaseRow
    readonly turnKey: string | null
    readonly signal: AbortSignal | undefined
  },
  act: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const mark = toMark(instance, randomId())
  try {
    if (!(await takeLease(tables, lease, { seen, mark, turnKey }))) return undefined
    const result = await act()
    if (result === undefined) await releaseLease(tables, lease)
    else signal?.throwIfAborted()
    return result
  } catch (error) {
    if (forsaken.size >= maxForsaken) forsaken.clear()
    forsaken.add(mark)
    await releaseLease(tables, lease, mark).catch(() => undefined)
    throw error
  }
}
