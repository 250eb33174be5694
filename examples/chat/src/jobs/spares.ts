import { randomUUID } from 'node:crypto'
import type { Workspaces } from '../agent/workspaces.js'
import type { SpareFolders } from '../rows/spare-folders.js'

export interface SparesOptions {
  readonly folders: SpareFolders
  readonly workspaces: Pick<Workspaces, 'open'>
  /** Has the server open a folder; takes a second or more. */
  readonly warm: (directory: string) => Promise<void>
  /** Aborts when the worker ends. */
  readonly signal?: AbortSignal | undefined
  readonly onError: (error: unknown, where: string) => void
}

/** For all workers together: each takes about 40 MB of the server. */
const enough = 2

/** Sees to it that the next conversations find a folder that the server has open. */
export function createSpares({
  folders,
  workspaces,
  warm,
  signal,
  onError,
}: SparesOptions): () => void {
  let isBusy = false
  let isFirst = true

  async function fill(): Promise<void> {
    // The server may be another one than that which opened these.
    for (const folder of isFirst ? await folders.names() : []) {
      await warm(await workspaces.open({ folder }))
    }
    isFirst = false
    while (signal?.aborted !== true && (await folders.names()).length < enough) {
      const folder = randomUUID()
      await warm(await workspaces.open({ folder }))
      await folders.add(folder)
    }
  }

  return () => {
    if (isBusy || signal?.aborted === true) return
    isBusy = true
    fill()
      .catch((error: unknown) => {
        if (signal?.aborted !== true) onError(error, 'spare folders')
      })
      .finally(() => (isBusy = false))
  }
}
