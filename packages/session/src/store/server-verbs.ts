import type { ConversationLease, RowId } from '../records.js'

/** `active`: takes conversations. `draining`: ends what runs on it and takes no more. `retired`: is gone, with all that ran on it. */
export type ServerState = 'active' | 'draining' | 'retired'

/** What was said of a server. */
export interface MarkedServer {
  /** As the workers name it, at most 255 characters. */
  readonly name: string
  /** What it takes. */
  readonly state: ServerState
}

/** How busy a server is. */
export interface ServerLoad {
  /** The server. */
  readonly name: string
  /** Conversations on it that a worker holds, or of which a turn runs that was asked there. */
  readonly busy: number
}

/** The verbs for several servers: on which one each conversation is, and which of them take more. */
export interface ServerVerbs {
  /** Notes on which server a conversation is. False when the lease was lost. */
  placeConversation(lease: ConversationLease, place: { readonly server: string }): Promise<boolean>
  /** On which server a conversation is; null when that was not noted, or there is no such conversation. */
  serverOf(conversationId: RowId): Promise<string | null>
  /** Says of a server what it takes, to every worker. */
  markServer(mark: MarkedServer): Promise<void>
  /** What was said of servers; those of which nothing was said are active. */
  markedServers(): Promise<readonly MarkedServer[]>
  /** The names of all servers that a conversation is on or of which something was said, in any order: to find a misspelt one. */
  knownServers(): Promise<readonly string[]>
  /** The servers with busy conversations. */
  serverLoads(): Promise<readonly ServerLoad[]>
}
