import type { RowId } from '../records.js'
import type { Notifier, TurnNotice } from './port.js'
import { reportTo } from './topic-listeners.js'
import type { OnNotifierError } from './topic-listeners.js'

/** What the store tells of turns, and hears of them. */
export interface Notices {
  /** Begins to tell. Never fails, never waits: the verb is done whatever becomes of the notice. */
  notify(turnId: RowId, type: TurnNotice['type']): void
  watch(turnId: RowId, wake: (notice: TurnNotice) => void): () => void
}

const types: ReadonlySet<unknown> = new Set([
  'cancelled',
  'answered',
  'changed',
  'settled',
  'steered',
])
const missed: TurnNotice = { type: 'missed' }

/** Without a notifier nothing is told, and a watch hears nothing. */
export function createNotices(
  notifier: Notifier | undefined,
  onError: OnNotifierError = () => undefined,
): Notices {
  const report = (error: unknown): void => reportTo(onError, error)
  if (notifier === undefined) {
    return { notify: () => undefined, watch: () => () => undefined }
  }
  return {
    notify(turnId, type) {
      const notice: TurnNotice = { type }
      // Also of a host's own notifier that throws at once.
      const sending = async (): Promise<void> =>
        notifier.notify(topicOf(turnId), JSON.stringify(notice))
      sending().catch(report)
    },
    watch(turnId, wake) {
      let isOver = false
      const hear = (payload: string | null): void => {
        if (!isOver) wake(toNotice(payload))
      }
      const listen = async (): Promise<() => Promise<void>> =>
        notifier.listen(topicOf(turnId), hear)
      const listening = listen()
      listening.catch(report)
      return () => {
        if (isOver) return
        isOver = true
        listening.then(
          (stop) => stop().catch(report),
          () => undefined,
        )
      }
    },
  }
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** The same in either case of a UUID: who cancels may spell it as a browser did, and who runs it as the database does. */
function topicOf(turnId: RowId): string {
  const key = String(turnId)
  return `turn:${uuid.test(key) ? key.toLowerCase() : key}`
}

/** What cannot be read may have been anything. */
function toNotice(payload: string | null): TurnNotice {
  try {
    const notice: unknown = payload === null ? null : JSON.parse(payload)
    const isKnown =
      typeof notice === 'object' && notice !== null && 'type' in notice && types.has(notice.type)
    return isKnown ? { type: (notice as TurnNotice).type } : missed
  } catch {
    return missed
  }
}
