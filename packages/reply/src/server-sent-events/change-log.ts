import type { ReplyView } from '../records/reply-view.js'
import type { Change } from '../changes/change.js'
import { relativePaths } from '../changes/relative-paths.js'
import type { PathOptions } from '../changes/relative-paths.js'
import type { ReplySource } from '../changes/reply-source.js'
import type { Outcome } from '../records/outcome.js'
import { requireRange } from '../streaming/require-range.js'

/** Options of {@link createChangeLog}. */
export interface ChangeLogOptions extends PathOptions {
  /** How many changes are kept for readers that come back; default 1,000. */
  readonly maxChanges?: number
  /** How many characters of JSON are kept, about; default 4,000,000. */
  readonly maxCharacters?: number
  /**
   * Tells this log from one of another process, whose numbers mean other changes. Letters and digits; default random.
   * Give the same one only to logs of the same reply that went on without a break.
   */
  readonly epoch?: string
}

/** The last changes of a reply, shared by all its readers. */
export interface ChangeLog {
  readonly epoch: string
  /** The revision of the newest change. */
  readonly revision: number
  /** The changes after a revision as JSON; `null` when they are not all kept, so that a snapshot is needed. */
  since(revision: number): readonly LoggedChange[] | null
  /** The reply as it is now. */
  view(): ReplyView
  /** What the messages prove about the end of the turn. */
  outcome(): Outcome
  /** Calls back after each change; the result unregisters. */
  onChange(listener: () => void): () => void
  /** Stops listening to the reply. Readers are not woken any more; one that comes back gets a snapshot. */
  close(): void
}

/** A change as it is sent. */
export interface LoggedChange {
  readonly revision: number
  readonly json: string
}

interface Entry {
  readonly change: Change
  readonly size: number
  json: string | null
}

/**
 * Keeps the changes of a reply from now on, within bounds. Throws a `TypeError` or `RangeError` that names a wrong option.
 *
 * @example
 * ```ts
 * const log = createChangeLog(reply)
 * app.get('/replies/:id', (request, response) => writeEventStream(log, request, response, { ended }))
 * ```
 */
export function createChangeLog(reply: ReplySource, options: ChangeLogOptions = {}): ChangeLog {
  const { maxChanges = 1000, maxCharacters = 4_000_000, epoch = randomEpoch() } = options
  requireRange('maxChanges', maxChanges, 0)
  requireRange('maxCharacters', maxCharacters, 0)
  if (!/^[0-9A-Za-z]+$/.test(epoch))
    throw new TypeError('`epoch` must consist of letters and digits')
  const entries: Entry[] = []
  const listeners = new Set<() => void>()
  let characters = 0
  const paths = relativePaths(reply, options)

  const stop = reply.observe({
    changed(change) {
      const entry = toEntry(paths.change(change))
      entries.push(entry)
      characters += entry.size
      while (entries.length > maxChanges || characters > maxCharacters) {
        characters -= entries.shift()?.size ?? characters
      }
      for (const listener of listeners) listener()
    },
  })
  return {
    epoch,
    get revision() {
      return reply.revision
    },
    since(from) {
      const { revision } = reply
      if (from === revision) return []
      const first = entries[0]
      // A reader that claims to know the future is from another life of this reply.
      if (first === undefined || from > revision || from < first.change.revision - 1) return null
      return entries.slice(from - first.change.revision + 1).map(toLogged)
    },
    view: () => paths.view(reply.view()),
    outcome: () => reply.outcome(),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      stop()
      // They do not lead to the reply as it is any more.
      entries.length = 0
    },
  }
}

/** Deltas are many and small: their JSON is made when they are read. */
function toEntry(change: Change): Entry {
  if (change.type === 'text-delta') return { change, size: change.delta.length + 200, json: null }
  const json = JSON.stringify(change)
  return { change, size: json.length, json }
}

function toLogged(entry: Entry): LoggedChange {
  entry.json ??= JSON.stringify(entry.change)
  return { revision: entry.change.revision, json: entry.json }
}

function randomEpoch(): string {
  return Math.random().toString(36).slice(2, 12)
}
