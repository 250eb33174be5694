import { createChangeSet, type ChangeBatch } from './change-set.js'

/**
 * The changes of a workspace, for one reader. Iterate it once, with `for await`; leaving the loop closes it. While the reader is busy,
 * changes of one file become one, and more than `maxChanges` become `truncated`.
 */
export interface WorkspaceChanges extends AsyncIterable<ChangeBatch> {
  /** Resolves when what changes from now on will be seen. Rejects with the signal's reason. */
  readonly ready: Promise<void>
  /** Ends the iteration; may be called again. */
  readonly close: () => void
  [Symbol.asyncDispose](): Promise<void>
}

/** The side of a reader that is written to. */
export interface Reader {
  readonly changes: WorkspaceChanges
  readonly push: (batch: ChangeBatch) => void
  readonly markReady: () => void
  /** Ends it without a fault. */
  readonly end: () => void
}

/** What a reader needs. */
export interface ReaderOptions {
  readonly maxChanges: number
  readonly signal: AbortSignal | undefined
  readonly onClose: () => void
}

type Step = IteratorResult<ChangeBatch, undefined>

interface Waiter {
  readonly resolve: (step: Step) => void
  readonly reject: (error: unknown) => void
}

const done: Step = { done: true, value: undefined }

export function createReader({ maxChanges, signal, onClose }: ReaderOptions): Reader {
  const set = createChangeSet(maxChanges)
  const waiters: Waiter[] = []
  let ended: { readonly error: unknown } | 'closed' | null = null
  let markReady = (): void => {}
  let failReady = (_error: unknown): void => {}
  const ready = new Promise<void>((resolve, reject) => {
    markReady = resolve
    failReady = reject
  })
  // Who does not wait for it must not be told by a crash.
  ready.catch(() => {})

  function end(how: { readonly error: unknown } | 'closed'): void {
    if (ended !== null) return
    ended = how
    signal?.removeEventListener('abort', onAbort)
    set.take()
    for (const { resolve, reject } of waiters.splice(0)) {
      if (how === 'closed') resolve(done)
      else reject(how.error)
    }
    if (how === 'closed') markReady()
    else failReady(how.error)
    onClose()
  }
  const onAbort = (): void => end({ error: signal?.reason })
  if (signal?.aborted === true) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })

  const iterator: AsyncIterator<ChangeBatch, undefined> = {
    next: async () => {
      if (ended === 'closed') return done
      if (ended !== null) throw ended.error
      const value = set.take()
      if (value !== null) return { done: false, value }
      return new Promise((resolve, reject) => waiters.push({ resolve, reject }))
    },
    return: async () => {
      end('closed')
      return done
    },
  }
  return {
    changes: {
      ready,
      close: () => end('closed'),
      [Symbol.asyncIterator]: () => iterator,
      [Symbol.asyncDispose]: async () => end('closed'),
    },
    push: (batch) => {
      if (ended !== null) return
      set.add(batch)
      const waiter = waiters[0]
      const value = waiter === undefined ? null : set.take()
      if (waiter === undefined || value === null) return
      waiters.shift()
      waiter.resolve({ done: false, value })
    },
    markReady: () => markReady(),
    end: () => end('closed'),
  }
}
