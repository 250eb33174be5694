import type { PermissionRule } from './permission-rules.js'
import type { Json, SessionRecord } from './records.js'

/** The person's answer to a permission request. */
export interface PermissionAnswer {
  readonly reply: 'once' | 'always' | 'reject'
  readonly message: string | null
}

/** A permission request that waits for a person. */
export interface PendingPermission {
  readonly request: Json & { readonly id: string; readonly sessionID: string }
  readonly directory: string
  readonly resolve: (answer: PermissionAnswer) => void
}

/** A question that waits for a person. */
export interface PendingQuestion {
  readonly request: Json & { readonly id: string; readonly sessionID: string }
  readonly directory: string
  /** Answers, one list of labels per question; null when the person dismissed it. */
  readonly resolve: (answers: readonly (readonly string[])[] | null) => void
}

/** Everything that waits for a person. It survives the abort and the deletion of its session, as on the server. */
export interface Asks {
  readonly permissions: Map<string, PendingPermission>
  readonly questions: Map<string, PendingQuestion>
  /** What was answered with `always`, by directory; it beats every other rule there. */
  readonly approved: Map<string, PermissionRule[]>
}

/** No asks. */
export function createAsks(): Asks {
  return { permissions: new Map(), questions: new Map(), approved: new Map() }
}

/**
 * Answers a permission request. A rejection without a message takes all other requests of the session with it; `always`
 * lets through whatever waits and now matches. The result names the requests that were settled, in order.
 */
export function settlePermission(
  asks: Asks,
  pending: PendingPermission,
  answer: PermissionAnswer,
  isAllowed: (request: Json) => boolean,
): readonly {
  readonly id: string
  readonly sessionID: string
  readonly reply: PermissionAnswer['reply']
}[] {
  const settled: { id: string; sessionID: string; reply: PermissionAnswer['reply'] }[] = []
  const settle = (each: PendingPermission, given: PermissionAnswer): void => {
    asks.permissions.delete(each.request.id)
    settled.push({ id: each.request.id, sessionID: each.request.sessionID, reply: given.reply })
    each.resolve(given)
  }
  settle(pending, answer)
  if (answer.reply === 'reject') {
    for (const other of [...asks.permissions.values()]) {
      if (other.request.sessionID === pending.request.sessionID) {
        settle(other, { reply: 'reject', message: null })
      }
    }
  }
  if (answer.reply === 'always') {
    const patterns = pending.request['always']
    const rules = asks.approved.get(pending.directory) ?? []
    asks.approved.set(pending.directory, rules)
    for (const pattern of Array.isArray(patterns) ? patterns : []) {
      rules.push({
        permission: String(pending.request['permission']),
        pattern: String(pattern),
        action: 'allow',
      })
    }
    for (const other of [...asks.permissions.values()]) {
      if (other.request.sessionID === pending.request.sessionID && isAllowed(other.request)) {
        settle(other, { reply: 'always', message: null })
      }
    }
  }
  return settled
}

/** The rules that hold for a session, weakest first. */
export function rulesOf(
  session: SessionRecord,
  base: readonly PermissionRule[],
  asks: Asks,
): readonly PermissionRule[] {
  return [
    ...base,
    ...(session.runRules ?? session.info.permission ?? []),
    ...(asks.approved.get(session.info.directory) ?? []),
  ]
}
