import type { CallOptions, QueryFor, ResponseOf } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** The project's files as the server's own pages show them. For exact bytes use `fs.read`. */
export interface FileResource {
  /** Entries of a folder, hidden and ignored ones included. Fails with `server_error` for a path that is none. */
  list(path: string, options?: CallOptions): Promise<ResponseOf<'GET', '/file'>>
  /**
   * A file's content, cut of white space at both ends, its last line end included; empty for a missing
   * file; `server_error` for a text that is not UTF-8.
   */
  read(path: string, options?: CallOptions): Promise<ResponseOf<'GET', '/file/content'>>
  /** Always empty on the servers measured; use `vcs.status`. */
  status(options?: CallOptions): Promise<ResponseOf<'GET', '/file/status'>>
}

/** Search in the project; the server needs `rg` on its PATH. */
export interface FindResource {
  /** Lines that match a regular expression. Fails with `server_error` for an empty or broken one. */
  text(pattern: string, options?: CallOptions): Promise<ResponseOf<'GET', '/find'>>
  /** Files whose path resembles the query. */
  files(
    query: string,
    filter?: Omit<QueryFor<'GET', '/find/file'>, 'query'>,
    options?: CallOptions,
  ): Promise<string[]>
  /** Symbols by name. */
  symbols(query: string, options?: CallOptions): Promise<ResponseOf<'GET', '/find/symbol'>>
}

export function createFileResource(request: Request): FileResource {
  return {
    list: (path, options) => request('GET', '/file', { ...options, query: { path } }),
    read: (path, options) => request('GET', '/file/content', { ...options, query: { path } }),
    status: (options) => request('GET', '/file/status', options),
  }
}

export function createFindResource(request: Request): FindResource {
  return {
    text: (pattern, options) => request('GET', '/find', { ...options, query: { pattern } }),
    files: (query, filter, options) =>
      request('GET', '/find/file', { ...options, query: { ...filter, query } }),
    symbols: (query, options) => request('GET', '/find/symbol', { ...options, query: { query } }),
  }
}
