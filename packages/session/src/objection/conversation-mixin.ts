import type { Model, Pojo } from 'objection'
import type { RowId } from '../records.js'
import type { SessionOptions, SessionResult } from '../session-store.js'
import type { SessionUpstream } from '../session-upstream.js'
import type { RemovedConversation } from '../store/upkeep-verbs.js'
import { conversationTable } from '../tables.js'
import type { ConversationColumns, TableOptions } from '../tables.js'
import { storeOf } from './bound-stores.js'
import { parseColumns } from './column-values.js'
import { conversationColumnsOf } from './mixin-columns.js'
import type { WithMembers } from './model-class.js'
import { withoutStaleColumns } from './stored-instances.js'

/** What a conversation model gets. Columns carry their default names; with others, read them by their own. */
export interface ConversationMembers {
  /** The upstream session, null before it was created. */
  readonly opencode_session_id: string | null
  /** Fingerprint of the session's permission rules, null when none were given. */
  readonly opencode_rules: string | null
  /** The title that the server gave the session, null before it gave one. */
  readonly opencode_title: string | null
  /** Number of the newest claim. */
  readonly turn_fence: number
  /** Who holds the turn lease, null when no one does. */
  readonly turn_owner: string | null
  /** When the turn lease expires, in milliseconds since the epoch. */
  readonly turn_expires_at: number | null
  /** `SessionStore.ensureSession` for this row. The instance is not changed: its columns are what was loaded. */
  ensureSession(upstream: SessionUpstream, options?: SessionOptions): Promise<SessionResult>
  /** `SessionStore.recreateSession` for this row. */
  recreateSession(
    staleSessionId: string,
    upstream: SessionUpstream,
    options?: SessionOptions,
  ): Promise<SessionResult>
  /** `SessionStore.abortSession` for this row. */
  abortSession(upstream: Pick<SessionUpstream, 'abort'>): Promise<boolean>
  /** `SessionStore.removeConversation` for this row; delete the row itself afterwards. */
  removeConversation(upstream: SessionUpstream): Promise<RemovedConversation | null>
}

/**
 * A model class for conversations. Its verbs work once `storeFor` was called with the class. A loaded instance that is
 * written back leaves the columns of sessions and leases alone.
 *
 * @example
 *     class Conversation extends ConversationMixin(Model) {
 *       static override tableName = 'conversations' as const
 *     }
 */
export function ConversationMixin<Base extends typeof Model>(
  base: Base,
  options: Omit<TableOptions<ConversationColumns>, 'table'> = {},
): WithMembers<Base, ConversationMembers> {
  const { columns } = conversationTable(options)
  const numbers = [columns.turnFence, columns.turnExpiresAt, columns.createExpiresAt]

  class TurnConversation extends withoutStaleColumns(base, columns) {
    override $parseDatabaseJson(json: Pojo): Pojo {
      return super.$parseDatabaseJson(parseColumns(json, { numbers, json: [], booleans: [] }))
    }

    ensureSession(upstream: SessionUpstream, request?: SessionOptions): Promise<SessionResult> {
      return storeOf(this).ensureSession(this.$id() as RowId, upstream, request)
    }

    recreateSession(
      staleSessionId: string,
      upstream: SessionUpstream,
      request?: SessionOptions,
    ): Promise<SessionResult> {
      return storeOf(this).recreateSession(this.$id() as RowId, staleSessionId, upstream, request)
    }

    abortSession(upstream: Pick<SessionUpstream, 'abort'>): Promise<boolean> {
      return storeOf(this).abortSession(this.$id() as RowId, upstream)
    }

    removeConversation(upstream: SessionUpstream): Promise<RemovedConversation | null> {
      return storeOf(this).removeConversation(this.$id() as RowId, upstream)
    }
  }
  conversationColumnsOf.set(TurnConversation, columns)
  return TurnConversation as unknown as WithMembers<Base, ConversationMembers>
}
