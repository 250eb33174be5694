import type { Readable } from 'node:stream'

import { WireError } from '../errors.js'
import { isWebPage } from '../http/json-answer.js'
import type { CallOptions, ResponseOf } from '../operation-types.js'
import type { Requester } from '../http/request.js'

/** A file on the server's machine, arriving. */
export interface FileStream {
  /** Content type by the server's guess from the file name; do not trust it. */
  readonly contentType: string
  /** Size in bytes; `null` when the server does not say. */
  readonly sizeBytes: number | null
  /** The exact bytes. Destroying it frees the connection. */
  readonly body: Readable
}

/** Files of the client's directory, byte for byte. */
export interface FsResource {
  /**
   * Reads a file by its path relative to the directory. The server answers 500 (`server_error`) to a
   * missing file, a folder, and whatever leads out of the directory. A web page for a file that is none by its name is
   * `foreign_response`: the server does not know the route, or a proxy answered.
   */
  read(path: string, options?: CallOptions): Promise<FileStream>
  /**
   * What is in a folder, hidden and ignored entries included, by paths relative to the directory; a folder's ends with `/`. `''` is the
   * directory itself. Fails with `server_error` for what is no folder.
   */
  list(folder: string, options?: CallOptions): Promise<readonly FolderEntry[]>
}

/** A file or folder in a folder. */
export type FolderEntry = ResponseOf<'GET', '/api/fs/list'>['data'][number]

export function createFsResource(requester: Requester): FsResource {
  return {
    read: async (path, options) => {
      const answer = await requester.open('/api/fs/read/*', { ...options, params: { '*': path } })
      if (isWebPage(answer.headers) && !/\.[sx]?html?$|\.xht$/i.test(path)) {
        answer.body.destroy()
        throw new WireError('foreign_response', 'GET /api/fs/read/* answered with a web page', {
          status: answer.status,
        })
      }
      const length = answer.headers['content-length']
      return {
        contentType: String(answer.headers['content-type'] ?? 'application/octet-stream'),
        sizeBytes: length === undefined ? null : Number(length),
        body: answer.body,
      }
    },
    list: async (path, options) => {
      const { data } = await requester.request('GET', '/api/fs/list', {
        ...options,
        query: { path },
      })
      return data
    },
  }
}
