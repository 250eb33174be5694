import { TestkitError } from './errors.js'
import { realTime } from './real-time.js'

/** What keeps a process alive, counted by kind: `TCPSocketWrap`, `Timeout`, `ProcessWrap` and so on. */
export type ResourceCounts = Readonly<Record<string, number>>

/** Watches for resources that a test leaves open. */
export interface LeakCheck {
  /** Resources that exist now beyond those of the start, by kind; empty when nothing leaked. */
  leaked(): ResourceCounts
  /**
   * Resolves when everything is gone. Waits up to `timeoutMs` (default 1,000) because sockets close asynchronously,
   * then fails with `leaked` and names what is left.
   */
  assertClean(options?: { timeoutMs?: number }): Promise<void>
}

/** Options of {@link startLeakCheck}. */
export interface LeakCheckOptions {
  /** Kinds that do not count. Default: nothing is ignored beyond the runner's own timers of the moment of the start. */
  readonly ignore?: readonly string[]
  /** Event emitters whose listener counts must return to what they are now, by name. */
  readonly emitters?: Readonly<Record<string, EmitterLike>>
}

/** The part of an event emitter that the check reads. */
export interface EmitterLike {
  /** Names of the events that have listeners. */
  eventNames(): readonly (string | symbol)[]
  /** How many listeners an event has. */
  listenerCount(name: string | symbol): number
}

/** Remembers what exists now, so that {@link LeakCheck.assertClean} can tell what a test left open. */
export function startLeakCheck(options: LeakCheckOptions = {}): LeakCheck {
  const ignored = new Set(options.ignore)
  const before = count(options.emitters)
  const leaked = (): ResourceCounts => {
    const left: Record<string, number> = {}
    for (const [kind, now] of Object.entries(count(options.emitters))) {
      const extra = now - (before[kind] ?? 0)
      if (extra > 0 && !ignored.has(kind)) left[kind] = extra
    }
    return left
  }
  return {
    leaked,
    async assertClean(wait) {
      const deadline = realTime.now() + (wait?.timeoutMs ?? 1_000)
      while (Object.keys(leaked()).length > 0) {
        if (realTime.now() >= deadline) {
          const list = Object.entries(leaked()).map(([kind, extra]) => `${extra} ${kind}`)
          throw new TestkitError(
            'leaked',
            `Left open: ${list.join(', ')}; close what the test opened`,
          )
        }
        await new Promise((resolve) => realTime.setImmediate(resolve))
      }
    },
  }
}

function count(emitters: LeakCheckOptions['emitters']): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind === 'Immediate') continue
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  for (const [name, emitter] of Object.entries(emitters ?? {})) {
    let listeners = 0
    for (const event of emitter.eventNames()) listeners += emitter.listenerCount(event)
    counts[`listener on ${name}`] = listeners
  }
  return counts
}
