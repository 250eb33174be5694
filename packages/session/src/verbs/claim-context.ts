import type { ConversationLease } from '../records.js'
import { releaseLease } from '../statements/release-lease.js'
import { takeLease } from '../statements/claim/take-lease.js'
import type { Taking } from '../statements/claim/take-lease.js'
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
  context: ClaimContext,
  {
    lease,
    signal,
    ...taking
  }: Omit<Taking, 'mark'> & {
    readonly lease: ConversationLease
    readonly signal: AbortSignal | undefined
  },
  act: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const { tables } = context
  return underMark(context, { lease, signal }, async (mark) => {
    if (!(await takeLease(tables, lease, { ...taking, mark }))) return undefined
    const result = await act()
    if (result === undefined) await releaseLease(tables, lease)
    return result
  })
}

/** Does what takes a lease under a mark of this one attempt, by which the lease is given back when that fails or is given up. */
export async function underMark<Result>(
  { tables, instance, randomId, forsaken }: ClaimContext,
  {
    lease,
    signal,
  }: {
    /** The fence is null where the database chooses it. */
    readonly lease: Pick<ConversationLease, 'conversationId'> & { readonly fence: number | null }
    readonly signal: AbortSignal | undefined
  },
  attempt: (mark: string) => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const mark = toMark(instance, randomId())
  try {
    const result = await attempt(mark)
    if (result !== undefined) signal?.throwIfAborted()
    return result
  } catch (error) {
    if (forsaken.size >= maxForsaken) forsaken.clear()
    forsaken.add(mark)
    await releaseLease(tables, lease, mark).catch(() => undefined)
    throw error
  }
}
