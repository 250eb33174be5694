import type { ConversationLease, RowId } from './rows.js'

/**
 * What a server takes. `active`: conversations. `draining`: it ends what runs on it, and takes no more. `retired`: it is gone, with
 * all that ran on it.
 */
export type ServerState = 'active' | 'draining' | 'retired'

/** What was said of a server. */
export interface MarkedServer {
  readonly name: string
  readonly state: ServerState
}

/** How busy a server is. */
export interface ServerLoad {
  readonly name: string
  /** Conversations on it that a worker holds, or of which a turn runs that was asked there. */
  readonly busy: number
}

/** What rows say of several servers. */
export interface ServerRows {
  /** Notes on which server a conversation is. False when the lease was lost. */
  placeConversation(lease: ConversationLease, place: { readonly server: string }): Promise<boolean>
  /** On which server a conversation is; null when that was not noted. */
  serverOf(conversationId: RowId): Promise<string | null>
  /** Says of a server what it takes, to every worker; the last word counts. */
  markServer(mark: MarkedServer): Promise<void>
  /** Those of which nothing was said are active. */
  markedServers(): Promise<readonly MarkedServer[]>
  serverLoads(): Promise<readonly ServerLoad[]>
  /** All that a conversation is on, or of which something was said. Without it `drainServer` takes any name. */
  knownServers?(): Promise<readonly string[]>
}

/** @throws TypeError for names that rows could not tell apart. */
export function assertServerNames(servers: readonly { readonly name: string }[]): void {
  const names = servers.map(({ name }) => name)
  const isNamed = names.every((name) => typeof name === 'string' && /^.{1,255}$/s.test(name))
  if (servers.length === 0 || !isNamed || new Set(names).size < names.length) {
    throw new TypeError('`client` must be servers with a `name` of their own each, at least one')
  }
}
