import type { PermissionRequest } from '../models.js'
import type { CallOptions } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** An answer to a permission. */
export interface PermissionReply {
  /**
   * `once` lets this call run. `reject` stops it, the other open permissions of the session and, without
   * a message, the turn. `always` is remembered for the whole directory, in every session and over later
   * `deny` rules, until the server restarts; it is refused unless the client was made with `allow: ['always']`.
   */
  reply: 'once' | 'always' | 'reject'
  /** With `reject`: passed to the agent, whose turn then goes on. */
  message?: string
}

/** Permissions that agents wait for. They are bound to the directory. */
export interface PermissionResource {
  /**
   * The open permissions of the directory. The server answers 400 (`bad_request`) while one of them has
   * an undefined value in its metadata, as for web fetches; their events still arrive.
   */
  list(options?: CallOptions): Promise<PermissionRequest[]>
  /**
   * Answers one. Fails with `not_found` when it is not open any more. It may outlive its turn: saying
   * yes after an abort still runs the tool.
   */
  reply(requestId: string, answer: PermissionReply, options?: CallOptions): Promise<boolean>
}

export function createPermissionResource(request: Request): PermissionResource {
  return {
    list: (options) => request('GET', '/permission', options),
    reply: (requestId, body, options) =>
      request('POST', '/permission/{requestID}/reply', {
        ...options,
        params: { requestID: requestId },
        body,
      }),
  }
}
