import type { LeaseRow } from '../statements/find-lease.js'

/** Who wants a conversation. */
export interface Claimant {
  readonly owner: string
  /** Which life of the owner's process. */
  readonly instance: string
  readonly leaseMs: number
  /** The turn as its row spells it; null for the conversation alone. */
  readonly turnKey: string | null
}

/**
 * An owner that was started again is taken for dead when it has left out three renewals of ten: another process may have
 * copied its name, and be alive.
 */
const aliveShare = 0.7

/** What a claim writes beside its owner: the process, and the one attempt. */
export function toMark(instance: string, attempt: string): string {
  return `${instance} ${attempt}`
}

function instanceOf(mark: string | null): string | null {
  return mark === null ? null : mark.slice(0, mark.lastIndexOf(' '))
}

/** Whether the lease is of an earlier life of this claimant's process. */
export function isOfEarlierLife(seen: LeaseRow, { owner, instance }: Claimant): boolean {
  return seen.owner === owner && instanceOf(seen.mark) !== instance
}

/** Until when the claimant must wait; null when the conversation is free. */
export function heldUntil(
  seen: LeaseRow,
  claimant: Claimant,
  { now, forsaken }: { readonly now: number; readonly forsaken: ReadonlySet<string> },
): number | null {
  const expiresAt = seen.expiresAt ?? 0
  if (seen.owner === null || expiresAt <= now) return null
  if (seen.mark !== null && forsaken.has(seen.mark)) return null
  const isSameTurn = seen.turnKey === claimant.turnKey
  if (!isSameTurn || !isOfEarlierLife(seen, claimant)) return expiresAt
  const freeAt = expiresAt - Math.floor(claimant.leaseMs * aliveShare)
  return freeAt <= now ? null : freeAt
}
