import { untilAbort } from '../abort.js'
import { toLogicalPath } from '../directory/agent-path.js'
import { Drop } from '../directory/drop-reason.js'
import { retryDelayMs } from '../timing/bell.js'
import type { ChangeKind, FileChange } from './change-set.js'
import type { EventSource, WatchSetup } from './options.js'

/** What the server's events come to. */
export interface EventsRequest {
  readonly setup: WatchSetup
  readonly events: EventSource
  readonly signal: AbortSignal
  readonly onChange: (change: FileChange) => void
  /** Events may be missing. */
  readonly onGap: () => void
  readonly onReady: () => void
}

/** Follows the server's events until the signal aborts, and begins again when they end. Never rejects. */
export async function followEvents(request: EventsRequest): Promise<void> {
  const { setup, events, signal, onChange, onGap, onReady } = request
  let failures = 0
  let isFirst = true
  while (!signal.aborted) {
    let items: AsyncIterator<{ readonly type: string; readonly properties?: unknown }> | null = null
    try {
      const subscription = events.subscribe({ signal })
      const iterator = subscription[Symbol.asyncIterator]()
      const next = async (): ReturnType<typeof iterator.next> => iterator.next()
      items = iterator
      await untilAbort(signal, async () => subscription.ready)
      if (!isFirst) onGap()
      isFirst = false
      onReady()
      for (;;) {
        const step = await untilAbort(signal, next)
        if (step.done === true) throw new Error('The stream of events ended.')
        failures = 0
        const { type } = step.value
        const change = toChange(step.value, setup.directories)
        if (change !== null && !isIgnored(change.path, setup.ignore)) onChange(change)
        if (type === 'gap') onGap()
      }
    } catch (error) {
      if (!signal.aborted) {
        setup.report(error)
        failures += 1
        await setup.clock.sleep(retryDelayMs(failures), { signal }).catch(() => {})
      }
    } finally {
      // An iterator in the middle of `next` may never return.
      items?.return?.()?.then(undefined, () => {})
    }
  }
}

const kinds: Readonly<Record<string, ChangeKind>> = {
  add: 'added',
  change: 'changed',
  unlink: 'removed',
}

/** The change that an event tells of, below the workspace; `null` for all other events. */
export function toChange(
  { type, properties }: { readonly type: string; readonly properties?: unknown },
  directories: readonly string[],
): FileChange | null {
  if (type !== 'file.edited' && type !== 'file.watcher.updated') return null
  if (typeof properties !== 'object' || properties === null) return null
  const { file, event } = properties as { readonly file?: unknown; readonly event?: unknown }
  const kind = type === 'file.edited' ? 'changed' : kinds[String(event)]
  if (typeof file !== 'string' || file === '' || kind === undefined) return null
  try {
    return { path: toLogicalPath(file, directories), kind }
  } catch (error) {
    if (error instanceof Drop) return null
    throw error
  }
}

function isIgnored(path: string, ignore: (path: string) => boolean): boolean {
  const names = path.split('/')
  return names.some((_, index) => ignore(names.slice(0, index + 1).join('/')))
}
