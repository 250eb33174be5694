import type { SteadyClock } from '../clock.js'
import { type Background, inBackground, withinMs } from '../run/deadline.js'
import type { RowId, TurnGlance, TurnStore } from '../ports.js'

/** The rows of many turns, looked at together. */
export interface RowWatch {
  /** Calls back with where the turn stands, at each look, or with why it could not be looked at. */
  add(turnId: RowId, watcher: RowWatcher): () => void
}

/** Who watches a row. */
export interface RowWatcher {
  /** Null when it is not there. */
  onGlance(glance: TurnGlance | null): void
  onError(error: unknown): void
}

/** What is used of the rows. */
export type GlanceStore = Pick<TurnStore, 'read' | 'peek'>

/** A question that is not answered must keep no later one waiting. */
const answerMs = 10_000

/** Asks the rows, and gives up when they do not answer. */
export function askRows<T>(clock: SteadyClock, ask: () => Promise<T>): Promise<T> {
  const expired = (): Error =>
    new Error(`The store did not say where a turn stands within ${answerMs} ms; it is asked again.`)
  return withinMs(clock, { ms: answerMs, expired }, ask)
}

interface Watched {
  readonly turnId: RowId
  readonly watcher: RowWatcher
}

const watches = new WeakMap<object, Map<number, RowWatch>>()

/** One watch for each store and pace in a process, so that a thousand followers ask one question. */
export function rowWatchOf(
  store: GlanceStore,
  options: { readonly pollMs: number; readonly clock: SteadyClock },
): RowWatch {
  const known = watches.get(store) ?? new Map<number, RowWatch>()
  watches.set(store, known)
  const watch = known.get(options.pollMs) ?? createRowWatch(store, options)
  known.set(options.pollMs, watch)
  return watch
}

function createRowWatch(
  store: GlanceStore,
  { pollMs, clock }: { readonly pollMs: number; readonly clock: SteadyClock },
): RowWatch {
  const watched = new Set<Watched>()
  let looking: Background | null = null

  const look = async (): Promise<void> => {
    const asked = [...watched]
    const turnIds = asked.map(({ turnId }) => turnId)
    const glances = await askRows(clock, () => glanceAt(store, turnIds))
    for (const [index, each] of asked.entries()) {
      if (watched.has(each)) each.watcher.onGlance(glances[index] ?? null)
    }
  }

  const fail = (error: unknown): void => {
    for (const { watcher } of [...watched]) watcher.onError(error)
  }

  const loop = async (closing: AbortSignal): Promise<void> => {
    try {
      for (;;) {
        await clock.sleep(pollMs, { signal: closing })
        await look().catch(fail)
      }
    } catch (error) {
      if (!closing.aborted) fail(error)
    }
  }

  return {
    add(turnId, watcher) {
      const entry: Watched = { turnId, watcher }
      watched.add(entry)
      looking ??= inBackground(loop)
      return () => {
        watched.delete(entry)
        if (watched.size > 0 || looking === null) return
        void looking.close()
        looking = null
      }
    },
  }
}

/** A store that cannot be asked cheaply is read, each turn once. */
async function glanceAt(
  store: GlanceStore,
  turnIds: readonly RowId[],
): Promise<readonly (TurnGlance | null)[]> {
  const distinct = new Map(turnIds.map((turnId) => [String(turnId), turnId]))
  const ids = [...distinct.values()]
  const found = store.peek === undefined ? await readAll(store, ids) : await store.peek(ids)
  const byKey = new Map(ids.map((turnId, index) => [String(turnId), found[index] ?? null]))
  return turnIds.map((turnId) => byKey.get(String(turnId)) ?? null)
}

async function readAll(
  store: GlanceStore,
  turnIds: readonly RowId[],
): Promise<readonly (TurnGlance | null)[]> {
  let reads = 0
  return Promise.all(
    turnIds.map(async (turnId) => {
      const record = await store.read(turnId)
      if (record === null) return null
      const { status, fence = 0, revision = (reads += 1) } = record
      return { turnId, status, fence, revision, asksRevision: 0, waitsForTurn: false }
    }),
  )
}
