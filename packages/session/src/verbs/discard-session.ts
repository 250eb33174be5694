import type { RowId } from '../records.js'
import type { SessionUpstream } from '../session-upstream.js'

/** A session upstream that no row refers to any more. */
export interface OrphanSession {
  /** The conversation it was meant for. */
  readonly conversationId: RowId
  /** Its id on the server. */
  readonly sessionId: string
  /**
   * `replaced`: the server did not know it, so the conversation got another one; it was not deleted. `not_deleted`: it was
   * to be deleted, and that failed.
   */
  readonly reason: 'replaced' | 'not_deleted'
  /** Why the deletion failed; null for `replaced`. */
  readonly error: unknown
}

/** @internal */
export type OnOrphan = (orphan: OrphanSession) => unknown

/** @internal A host's callback can neither fail a verb nor end the process. */
export function reportOrphan(onOrphan: OnOrphan | undefined, orphan: OrphanSession): void {
  try {
    const returned = onOrphan?.(orphan)
    if (isThenable(returned)) returned.then(undefined, () => undefined)
  } catch {
    // The session is in order; the report was all that failed.
  }
}

/** @internal A session that cannot be deleted must not keep the conversation from getting a new one. */
export async function discardSession(
  onOrphan: OnOrphan | undefined,
  upstream: Pick<SessionUpstream, 'delete'>,
  { conversationId, sessionId }: { readonly conversationId: RowId; readonly sessionId: string },
): Promise<boolean> {
  try {
    await upstream.delete(sessionId)
    return true
  } catch (error) {
    reportOrphan(onOrphan, { conversationId, sessionId, reason: 'not_deleted', error })
    return false
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}
