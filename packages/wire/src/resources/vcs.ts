import type { CallOptions, ResponseOf } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** The project's version control; empty answers outside of git. */
export interface VcsResource {
  /** The branches; both `null` outside of git. */
  get(options?: CallOptions): Promise<ResponseOf<'GET', '/vcs'>>
  /** Files with uncommitted changes. */
  status(options?: CallOptions): Promise<ResponseOf<'GET', '/vcs/status'>>
  /** Changes against the last commit (`git`) or against the default branch (`branch`), file by file. */
  diff(mode: 'git' | 'branch', options?: CallOptions): Promise<ResponseOf<'GET', '/vcs/diff'>>
  /** Uncommitted changes as one patch. */
  rawDiff(options?: CallOptions): Promise<string>
  /** Applies a patch. */
  apply(patch: string, options?: CallOptions): Promise<ResponseOf<'POST', '/vcs/apply'>>
}

export function createVcsResource(request: Request): VcsResource {
  return {
    get: (options) => request('GET', '/vcs', options),
    status: (options) => request('GET', '/vcs/status', options),
    diff: (mode, options) => request('GET', '/vcs/diff', { ...options, query: { mode } }),
    rawDiff: (options) => request('GET', '/vcs/diff/raw', options),
    apply: (patch, options) => request('POST', '/vcs/apply', { ...options, body: { patch } }),
  }
}
