import type {
  MessageWithParts,
  PromptBody,
  Session,
  SessionInput,
  SessionPatch,
  SessionStatus,
} from '../models.js'
import type { CallOptions } from '../operation-types.js'
import type { Request } from '../http/request.js'
import { createSessionWork, type SessionWork } from './session-work.js'

/** Which sessions to list. */
export interface SessionQuery {
  /** At most so many, the latest updated first. The server's default: 100. */
  limit?: number
  /** Only sessions whose title contains this, in any case. */
  search?: string
  /** Only sessions that are no sub-agent's. */
  roots?: boolean
  /** `project`: the sessions of every directory of the project. */
  scope?: 'project'
  /** Only sessions updated after this time, in milliseconds since the Unix epoch. */
  start?: number
}

/** Which messages to list. */
export interface MessageQuery {
  /** Only the newest so many. Default: all. */
  limit?: number
}

/** Sessions: the conversations of the server. */
export interface SessionResource extends SessionWork {
  /**
   * Creates a session. Its `permission` rules do not reach sub-agents, except `deny` and
   * `external_directory`: put `ask` rules into the server's configuration when sub-agents must ask too.
   * Parent, model and workspace are not checked by the server.
   */
  create(input?: SessionInput, options?: CallOptions): Promise<Session>
  /** One session. Fails with `session_not_found`. */
  get(sessionId: string, options?: CallOptions): Promise<Session>
  /** The sessions of the client's directory; no more than 100, unless `limit` says so. */
  list(query?: SessionQuery, options?: CallOptions): Promise<Session[]>
  /**
   * Deletes a session and its sub-agents' sessions. A running turn goes on and an open permission can
   * still be answered afterwards, so abort first and reject what is open.
   */
  delete(sessionId: string, options?: CallOptions): Promise<boolean>
  /**
   * Stops the running turn; true also when there was none, or no such session. Open permissions and
   * questions survive it, and a permission answered later still runs its tool: reject them.
   */
  abort(sessionId: string, options?: CallOptions): Promise<boolean>
  /** Changes title, metadata or rules; `permission` rules are appended to those of the session. */
  update(sessionId: string, patch: SessionPatch, options?: CallOptions): Promise<Session>
  /** The sessions of its sub-agents, without theirs. */
  children(sessionId: string, options?: CallOptions): Promise<Session[]>
  /** The sessions of the directory that are busy or retrying; an idle one is absent. */
  status(options?: CallOptions): Promise<Record<string, SessionStatus>>
  /** Its messages, oldest first. A text that is still streaming is `''` here. */
  messages(
    sessionId: string,
    query?: MessageQuery,
    options?: CallOptions,
  ): Promise<MessageWithParts[]>
  /** One message. Fails with `not_found`, or `session_not_found`. */
  message(sessionId: string, messageId: string, options?: CallOptions): Promise<MessageWithParts>
  /**
   * Gives a prompt to the agent and returns when it is accepted; what happens then is reported by events.
   * On failure `WireError.delivered` says whether the server has it. Sent again with the same message
   * and part ids, it stays one prompt. In a second session the server would fail and add the text to the
   * first one's message: a message id that this client used there is refused with a `TypeError`, by every
   * call that takes one (`promptAsync`, `prompt`, `command`, `shell`).
   */
  promptAsync(sessionId: string, body: PromptBody, options?: CallOptions): Promise<void>
  /**
   * Gives a prompt to the agent and waits for the end of the turn (budget: `timeouts.turnMs`). Resolves
   * with the last message, also when the turn failed (`info.error`); with `noReply`, that is the user's.
   */
  prompt(sessionId: string, body: PromptBody, options?: CallOptions): Promise<MessageWithParts>
}

export function createSessionResource(request: Request): SessionResource {
  const at = (sessionId: string): { params: { sessionID: string } } => ({
    params: { sessionID: sessionId },
  })
  return {
    ...createSessionWork(request),
    create: (input = {}, options) => request('POST', '/session', { ...options, body: input }),
    get: (id, options) => request('GET', '/session/{sessionID}', { ...options, ...at(id) }),
    list: (query = {}, options) => request('GET', '/session', { ...options, query }),
    delete: (id, options) => request('DELETE', '/session/{sessionID}', { ...options, ...at(id) }),
    abort: (id, options) =>
      request('POST', '/session/{sessionID}/abort', { ...options, ...at(id) }),
    update: (id, body, options) =>
      request('PATCH', '/session/{sessionID}', { ...options, ...at(id), body }),
    children: (id, options) =>
      request('GET', '/session/{sessionID}/children', { ...options, ...at(id) }),
    status: (options) => request('GET', '/session/status', options),
    messages: (id, query = {}, options) =>
      request('GET', '/session/{sessionID}/message', { ...options, ...at(id), query }),
    message: (id, messageId, options) =>
      request('GET', '/session/{sessionID}/message/{messageID}', {
        ...options,
        params: { sessionID: id, messageID: messageId },
      }),
    promptAsync: (id, body, options) =>
      request('POST', '/session/{sessionID}/prompt_async', { ...options, ...at(id), body }),
    prompt: (id, body, options) =>
      request('POST', '/session/{sessionID}/message', { ...options, ...at(id), body }),
  }
}
