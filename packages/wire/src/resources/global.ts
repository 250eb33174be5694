import type { CallOptions, ResponseOf } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** The server as a whole. */
export interface GlobalResource {
  /**
   * Whether the server answers, and its version. A server that is just starting accepts the connection and
   * never answers: give it a `timeoutMs`.
   */
  health(options?: CallOptions): Promise<ResponseOf<'GET', '/global/health'>>
  /** Unloads every directory. Running turns are aborted. */
  dispose(options?: CallOptions): Promise<boolean>
}

/** The directory as the server has it loaded, about 40 MB each. */
export interface InstanceResource {
  /** Unloads the directory: running turns are aborted, its event stream ends. The next request loads it again. */
  dispose(options?: CallOptions): Promise<boolean>
}

export function createGlobalResource(request: Request): GlobalResource {
  return {
    health: (options) => request('GET', '/global/health', options),
    dispose: (options) => request('POST', '/global/dispose', options),
  }
}

export function createInstanceResource(request: Request): InstanceResource {
  return { dispose: (options) => request('POST', '/instance/dispose', options) }
}
