import type { BodyFor, CallOptions, ResponseOf } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** A terminal on the server. */
export type Pty = ResponseOf<'GET', '/pty/{ptyID}'>

/** Terminals on the server's machine; their input and output is a WebSocket, which is not part of this client. */
export interface PtyResource {
  /** All terminals of the directory. */
  list(options?: CallOptions): Promise<Pty[]>
  /** Starts one. */
  create(input?: BodyFor<'POST', '/pty'>, options?: CallOptions): Promise<Pty>
  /** One terminal. Fails with `not_found`. */
  get(ptyId: string, options?: CallOptions): Promise<Pty>
  /** Renames or resizes one. */
  update(ptyId: string, patch: BodyFor<'PUT', '/pty/{ptyID}'>, options?: CallOptions): Promise<Pty>
  /** Ends one. */
  remove(ptyId: string, options?: CallOptions): Promise<boolean>
}

export function createPtyResource(request: Request): PtyResource {
  const at = (ptyID: string): { params: { ptyID: string } } => ({ params: { ptyID } })
  return {
    list: (options) => request('GET', '/pty', options),
    create: (body = {}, options) => request('POST', '/pty', { ...options, body }),
    get: (id, options) => request('GET', '/pty/{ptyID}', { ...options, ...at(id) }),
    update: (id, body, options) => request('PUT', '/pty/{ptyID}', { ...options, ...at(id), body }),
    remove: (id, options) => request('DELETE', '/pty/{ptyID}', { ...options, ...at(id) }),
  }
}
