import { watch } from 'node:fs'

/** Asks the system to tell of one folder; throws where it cannot. A seam, so that tests decide what the system tells. */
export type WatchFolder = (
  place: string,
  hooks: { readonly onChange: () => void; readonly onError: (error: unknown) => void },
) => () => void

/** By way of the open folder, so that it is the one that was looked at; the watch outlives the descriptor. */
export const watchFolder: WatchFolder = (place, { onChange, onError }) => {
  const watcher = watch(place, onChange)
  watcher.on('error', onError)
  return () => watcher.close()
}

/** The folders that the system tells of. */
export interface FolderWatchers {
  /** Watches a folder that is open at `place`, unless this very folder is watched. */
  readonly add: (path: string, place: string, identity: string) => void
  readonly remove: (path: string) => void
  /** Whether a folder is without; then only looking helps. */
  readonly isIncomplete: () => boolean
  readonly clear: () => void
}

/** What watchers need. */
export interface FolderWatchersOptions {
  readonly watchFolder: WatchFolder
  readonly maxFolders: number
  readonly onChange: (path: string) => void
  readonly report: (error: unknown) => void
}

export function createFolderWatchers(options: FolderWatchersOptions): FolderWatchers {
  const { maxFolders, onChange, report } = options
  const watched = new Map<string, { readonly identity: string; readonly stop: () => void }>()
  const unwatched = new Set<string>()
  /** One report for a limit that every folder meets. */
  let isReported = false

  function remove(path: string): void {
    unwatched.delete(path)
    watched.get(path)?.stop()
    watched.delete(path)
  }

  function failed(path: string, error: unknown): void {
    remove(path)
    unwatched.add(path)
    if (!isReported) report(error)
    isReported = true
  }

  return {
    add: (path, place, identity) => {
      if (watched.get(path)?.identity === identity) return
      remove(path)
      if (watched.size >= maxFolders) {
        unwatched.add(path)
        return
      }
      try {
        const stop = options.watchFolder(place, {
          onChange: () => onChange(path),
          onError: (error) => {
            failed(path, error)
            onChange(path)
          },
        })
        watched.set(path, { identity, stop })
        isReported = false
      } catch (error) {
        failed(path, error)
      }
    },
    remove,
    isIncomplete: () => unwatched.size > 0,
    clear: () => {
      for (const { stop } of watched.values()) stop()
      watched.clear()
      unwatched.clear()
    },
  }
}
