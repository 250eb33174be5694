import { pipeline } from 'node:stream/promises'
import { sendArtifact, type ArtifactStore, type MessageArtifacts } from '@turnstead/artifacts'
import { zipArtifacts, zipHeaders } from '@turnstead/artifacts/zip'
import type { RequestHandler, Response } from 'express'
import type { UserRows } from '../rows/user-rows.js'
import { parseRowId } from './security.js'

export interface FileRoutesOptions {
  readonly rowsOf: (response: Response) => Pick<UserRows, 'findMessage'>
  readonly store: ArtifactStore
  readonly artifacts: MessageArtifacts
  readonly sendProblem: (response: Response, status: number, text: string) => Promise<void>
}

/** Files of a message: those that the agent made, those that came with it, and all of the first in one archive. */
export interface FileRoutes {
  readonly made: RequestHandler<{ id: string; artifactId: string }>
  readonly uploaded: RequestHandler<{ id: string; index: string }>
  readonly archive: RequestHandler<{ id: string }>
}

export function createFileRoutes({
  rowsOf,
  store,
  artifacts,
  sendProblem,
}: FileRoutesOptions): FileRoutes {
  const absent = (response: Response): Promise<void> =>
    sendProblem(response, 404, 'There is no such file.')
  /** In place where the page shows it, else as a download. */
  const dispositionOf = (query: { readonly show?: unknown }) =>
    query.show === undefined ? ('attachment' as const) : ('inline' as const)

  return {
    async made(request, response) {
      const message = await rowsOf(response).findMessage(parseRowId(request.params.id))
      const file =
        message === null ? null : await artifacts.find(message.id, request.params.artifactId)
      if (file === null) return absent(response)
      const disposition = dispositionOf(request.query)
      await sendArtifact(request, response, { store, key: file.key, disposition })
    },
    async uploaded(request, response) {
      const message = await rowsOf(response).findMessage(parseRowId(request.params.id))
      const file = message?.files[Number(request.params.index)]
      if (file === undefined) return absent(response)
      const disposition = dispositionOf(request.query)
      await sendArtifact(request, response, { store, key: file.key, name: file.name, disposition })
    },
    async archive(request, response) {
      const message = await rowsOf(response).findMessage(parseRowId(request.params.id))
      if (message === null) return absent(response)
      response.set(zipHeaders(`files-${message.id}.zip`))
      if (request.method === 'HEAD') return void response.end()
      const { body, report } = zipArtifacts({ store, files: artifacts.list(message.id) })
      // The reader who leaves is no failure of ours; a store's is told by `report`.
      await Promise.all([pipeline(body, response), report]).catch((error: unknown) => {
        if (!response.destroyed) throw error
      })
    },
  }
}
