import { createBell } from '../timing/bell.js'
import { createChangeSet, type ChangeBatch } from './change-set.js'
import { watchDisk, type Finder, type FinderRequest } from './disk-watch.js'
import { watchFolder, type WatchFolder } from './folder-watchers.js'
import { checkWatch, type WatchOptions } from './options.js'
import { createReader, type Reader, type WorkspaceChanges } from './reader.js'
import { followEvents } from './server-events.js'

/** Options of {@link WorkspaceWatch.subscribe}. */
export interface SubscribeOptions {
  /** Ends the subscription; its loop then throws the signal's own reason. */
  readonly signal?: AbortSignal | undefined
}

/** A workspace that can be watched. */
export interface WorkspaceWatch {
  /**
   * Joins. Watching begins with the first subscriber and ends with the last; all share one. A subscriber sees what changes after it is
   * `ready`, not what there is.
   */
  subscribe(options?: SubscribeOptions): WorkspaceChanges
  /** Ends all loops without a fault, and resolves when nothing of it runs any more. Later subscriptions end at once. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes a watch, which does nothing until someone subscribes. On this machine's disk it looks where the system or the server says that
 * something changed, and now and then everywhere; so after a fault, which `onError` gets, nothing is missed. Elsewhere it passes on the
 * server's events, and a stream that was lost gives a batch that is `truncated`. Throws `TypeError` or `RangeError` for options that
 * make no sense.
 */
export function createWorkspaceWatch(options: WatchOptions): WorkspaceWatch {
  return createWatchWith(options, watchFolder)
}

interface Run {
  readonly stop: () => void
  readonly done: Promise<void>
  isReady: boolean
}

/** With what the system tells in a test's hands. */
export function createWatchWith(options: WatchOptions, watch: WatchFolder): WorkspaceWatch {
  const setup = checkWatch(options)
  const readers = new Set<Reader>()
  /** Also those that are about to end. */
  const runs = new Set<Run>()
  let current: Run | null = null
  let isClosed = false

  function start(): Run {
    const stopping = new AbortController()
    const { signal } = stopping
    const request: FinderRequest = {
      ...{ setup, watchFolder: watch, signal },
      publish: (batch) => {
        if (current !== run) return
        for (const reader of readers) reader.push(batch)
      },
      onReady: () => {
        run.isReady = true
        if (current !== run) return
        for (const reader of readers) reader.markReady()
      },
    }
    const run: Run = {
      stop: () => stopping.abort(new Error('Nobody watches any more.')),
      isReady: false,
      // Not before `run` is there for it.
      done: Promise.resolve().then(() => find(request)),
    }
    runs.add(run)
    void run.done.finally(() => runs.delete(run))
    return run
  }

  function leave(reader: Reader): void {
    readers.delete(reader)
    if (readers.size > 0) return
    current?.stop()
    current = null
  }

  async function close(): Promise<void> {
    isClosed = true
    for (const reader of readers) reader.end()
    await Promise.all([...runs].map(({ done }) => done))
  }

  return {
    subscribe: ({ signal } = {}) => {
      const reader: Reader = createReader({
        maxChanges: setup.maxChanges,
        signal,
        onClose: () => queueMicrotask(() => leave(reader)),
      })
      if (isClosed) reader.end()
      else if (signal?.aborted !== true) {
        readers.add(reader)
        current ??= start()
        if (current.isReady) reader.markReady()
      }
      return reader.changes
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function find(request: FinderRequest): Promise<void> {
  const { setup, signal, publish, onReady } = request
  const { directory, events } = setup
  if (directory !== null) {
    const disk = watchDisk(directory, request)
    await Promise.all([disk.done, events === null ? null : hintFrom(disk, request)])
    return
  }
  if (events === null) return
  const { coalesceMs, maxChanges, clock } = setup
  const pending = createChangeSet(maxChanges)
  const bell = createBell(clock)
  const add = (batch: ChangeBatch): void => {
    pending.add(batch)
    bell.ring()
  }
  signal.addEventListener('abort', bell.ring, { once: true })
  const following = followEvents({
    ...{ setup, events, signal, onReady },
    onChange: (change) => add({ changes: [change], truncated: false }),
    onGap: () => add({ changes: [], truncated: true }),
  })
  while (!signal.aborted) {
    await bell.wait(setup.rescanMs)
    await clock.sleep(coalesceMs, { signal }).catch(() => {})
    const batch = pending.take()
    if (batch !== null && !signal.aborted) publish(batch)
  }
  await following
}

/** The server names files; looked at is the folder. */
async function hintFrom(disk: Finder, { setup, signal }: FinderRequest): Promise<void> {
  const { events } = setup
  if (events === null) return
  await followEvents({
    ...{ setup, events, signal, onReady: () => {} },
    onChange: ({ path }) => disk.hint(path.slice(0, Math.max(0, path.lastIndexOf('/')))),
    onGap: () => disk.hint(null),
  })
}
