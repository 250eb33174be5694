import type { FileDiff, MessageWithParts, PermissionRule, Session, Todo } from '../models.js'
import type { BodyFor, CallOptions } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** Where a fork begins, and under which rules. */
export interface ForkInput {
  /** Copy the messages before this one. Default: all. */
  messageID?: string
  /** Rules of the fork. Default: those of the session it comes from, which the server would drop. */
  permission?: PermissionRule[]
}

/** What else can be done with a session. */
export interface SessionWork {
  /**
   * Copies a session. The server drops its permission rules and its agent; this call sets the rules
   * again, and deletes the fork when that fails, so that no fork is freer than its origin. Prompts to
   * the fork must name their agent.
   */
  fork(sessionId: string, input?: ForkInput, options?: CallOptions): Promise<Session>
  /** The agent's task list. */
  todo(sessionId: string, options?: CallOptions): Promise<Todo[]>
  /** What one user message changed, in git only; without `messageId` the server always answers nothing. */
  diff(sessionId: string, messageId: string, options?: CallOptions): Promise<FileDiff[]>
  /**
   * Runs a command and waits for the end of the turn. An unknown command is a `server_error`. The server expands
   * `` !`shell` `` and `@file` in the arguments too, without asking: refused with a `TypeError` unless the client was
   * made with `allow: ['command_expansion']`.
   */
  command(
    sessionId: string,
    body: BodyFor<'POST', '/session/{sessionID}/command'>,
    options?: CallOptions,
  ): Promise<MessageWithParts>
  /** Runs a shell command outside of the agent. Fails with `conflict` while busy. Its exit code is not told. */
  shell(
    sessionId: string,
    body: BodyFor<'POST', '/session/{sessionID}/shell'>,
    options?: CallOptions,
  ): Promise<MessageWithParts>
  /** Compacts the history and waits for it. */
  summarize(
    sessionId: string,
    body: BodyFor<'POST', '/session/{sessionID}/summarize'>,
    options?: CallOptions,
  ): Promise<boolean>
  /**
   * Takes back a message, those after it and, in git, the file changes; final with the next prompt. An
   * unknown message changes nothing. Fails with `conflict` while busy.
   */
  revert(
    sessionId: string,
    body: BodyFor<'POST', '/session/{sessionID}/revert'>,
    options?: CallOptions,
  ): Promise<Session>
  /** Takes a revert back. Fails with `conflict` while busy. */
  unrevert(sessionId: string, options?: CallOptions): Promise<Session>
}

export function createSessionWork(request: Request): SessionWork {
  const at = (sessionID: string): { params: { sessionID: string } } => ({ params: { sessionID } })
  return {
    fork: (id, input, options) => forkWithRules(request, id, input ?? {}, options),
    todo: (id, options) => request('GET', '/session/{sessionID}/todo', { ...options, ...at(id) }),
    diff: (id, messageID, options) =>
      request('GET', '/session/{sessionID}/diff', { ...options, ...at(id), query: { messageID } }),
    command: (id, body, options) =>
      request('POST', '/session/{sessionID}/command', { ...options, ...at(id), body }),
    shell: (id, body, options) =>
      request('POST', '/session/{sessionID}/shell', { ...options, ...at(id), body }),
    summarize: (id, body, options) =>
      request('POST', '/session/{sessionID}/summarize', { ...options, ...at(id), body }),
    revert: (id, body, options) =>
      request('POST', '/session/{sessionID}/revert', { ...options, ...at(id), body }),
    unrevert: (id, options) =>
      request('POST', '/session/{sessionID}/unrevert', { ...options, ...at(id) }),
  }
}

async function forkWithRules(
  request: Request,
  sessionID: string,
  input: ForkInput,
  options: CallOptions | undefined,
): Promise<Session> {
  const path = '/session/{sessionID}'
  const rules =
    input.permission ??
    (await request('GET', path, { ...options, params: { sessionID } })).permission ??
    []
  const body = input.messageID === undefined ? {} : { messageID: input.messageID }
  const fork = await request('POST', '/session/{sessionID}/fork', {
    ...options,
    params: { sessionID },
    body,
  })
  if (rules.length === 0) return fork
  const params = { sessionID: fork.id }
  try {
    return await request('PATCH', path, { ...options, params, body: { permission: rules } })
  } catch (error) {
    await request('DELETE', path, { params }).catch(() => {})
    throw error
  }
}
