import { lstat } from 'node:fs/promises'
import { resolve } from 'node:path'

import { monotonic } from '../clock.js'
import { findAgentDirectory } from '../directory/agent-directory.js'
import { ArtifactError } from '../errors.js'
import { isMissing } from '../system-error.js'
import { createBell, retryDelayMs } from '../timing/bell.js'
import type { ChangeBatch } from './change-set.js'
import { createFolderWatchers, type WatchFolder } from './folder-watchers.js'
import { createKnownTree } from './known-tree.js'
import type { WatchSetup } from './options.js'

/** Something that finds changes until its signal aborts. */
export interface Finder {
  /** Something may have changed here; `null` for anywhere. */
  readonly hint: (path: string | null) => void
  /** Settles when nothing of it runs any more; never rejects. */
  readonly done: Promise<void>
}

/** What a finder is given. */
export interface FinderRequest {
  readonly setup: WatchSetup
  readonly watchFolder: WatchFolder
  readonly signal: AbortSignal
  readonly publish: (batch: ChangeBatch) => void
  readonly onReady: () => void
}

/**
 * Finds changes by looking: what the system or the server tells is only where to look. So what they left out is found by the next full
 * look, and after a fault nothing is missed.
 */
export function watchDisk(directory: string, request: FinderRequest): Finder {
  const { setup, signal, publish, onReady } = request
  const { clock, report } = setup
  const bell = createBell(clock)
  const hinted = new Set<string>()
  let isAllHinted = false
  let isFirst = true
  let lookedAt = -Infinity
  let failures = 0

  const hint = (path: string | null): void => {
    if (path === null) isAllHinted = true
    // With so many places the whole is as quick.
    else if (hinted.size < 1000) hinted.add(path)
    else isAllHinted = true
    bell.ring()
  }
  const watchers = createFolderWatchers({
    watchFolder: request.watchFolder,
    maxFolders: setup.maxWatchedFolders,
    onChange: hint,
    report,
  })
  const tree = createKnownTree({
    ...{ ignore: setup.ignore, maxEntries: setup.maxEntries, maxDepth: setup.maxDepth, report },
    onOpen: watchers.add,
    onGone: watchers.remove,
  })

  async function look(): Promise<void> {
    const root = await findRoot(directory)
    const isFull = isAllHinted || isFirst || monotonic(clock) >= nextFullAt()
    const paths = isFull ? [''] : [...hinted]
    isAllHinted = false
    hinted.clear()
    if (isFull) lookedAt = monotonic(clock)
    const set: ChangeBatch[] = []
    try {
      for (const path of paths) {
        const { changes, isPartial } = await tree.look(path, { root, isDeep: isFull, signal })
        set.push({ changes, truncated: isPartial })
      }
    } finally {
      // What was found before a fault is known by now: the next look would not tell it.
      if (!isFirst) for (const batch of set) publish(batch)
    }
    isFirst = false
  }

  function nextFullAt(): number {
    const isTold = tree.isThere() && !watchers.isIncomplete()
    return lookedAt + (isTold ? setup.rescanMs : setup.pollMs)
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await look()
        onReady()
        failures = 0
        await bell.wait(Math.max(1, nextFullAt() - monotonic(clock)))
        if (!signal.aborted) await clock.sleep(setup.coalesceMs, { signal })
      } catch (error) {
        if (signal.aborted) break
        report(error)
        isAllHinted = true
        failures += 1
        await clock.sleep(retryDelayMs(failures), { signal }).catch(() => {})
      }
    }
  }

  signal.addEventListener('abort', bell.ring, { once: true })
  const done = run().finally(() => {
    signal.removeEventListener('abort', bell.ring)
    watchers.clear()
  })
  return { hint, done }
}

/** A directory that is not there is an empty one; one that cannot be read is not. */
async function findRoot(directory: string): Promise<string> {
  const found = await findAgentDirectory(directory)
  if (found.state === 'present') return found.root
  if (found.state === 'unsafe') {
    throw new ArtifactError('unsafe_path', 'The workspace is a link, or no directory.')
  }
  const path = resolve(directory)
  await lstat(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  return path
}
