import type { Ask } from '@turnstead/reply'
import type { AskChange, AskRecord, OpenAsk } from '../ask-records.js'
import { portTimeout } from '../errors.js'
import { withinMs } from '../run/deadline.js'
import { isPassing, isPassingInStore } from '../run/passing.js'
import { storeCallMs } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'

/** The asks of a turn in its row. Changes go together, beside the loop, and again until the store has them. */
export interface AskRows {
  /** The store keeps asks. False also once it has refused them for good. */
  readonly isKept: boolean
  /** What the row said of the asks that it had when the turn was taken up is known here, or never will be. */
  readonly isRead: boolean
  readonly isWriting: boolean
  /** What the row said last of an ask. */
  get(askId: string): AskRecord | undefined
  all(): readonly AskRecord[]
  /**
   * Takes along the end of what the server does not ask any more.
   *
   * @param isOver - Somebody else has answered the ask: an answer that was not sent comes too late.
   */
  endGone(isOver: (askId: string) => boolean): void
  /** Takes a change along with the next write. */
  change(change: AskChange): void
  /** Others have written: reads with the next write, also when there is nothing to write. */
  reread(): void
  /** Begins to write what has gathered. */
  write(): void
  /** When to call `write` next; Infinity while nothing has gathered. */
  nextAt(): number
  /** Writes the rest. Gives up after the time of a request. */
  close(): Promise<void>
}

const retryMs = 500

export function openAskRows(run: TurnRun): AskRows {
  const { budgets, clock, report, store } = run.setup
  const records = new Map<string, AskRecord>()
  /** Asks of the row that this process has reported as over, and how they stood then. */
  const ended = new Set<string>()
  let queue: AskChange[] = []
  // What an earlier worker left is in the row.
  let isDue = run.delivery.isResumed
  let isKept = store.updateAsks !== undefined
  let hasRead = !run.delivery.isResumed
  let writeAt = 0
  let writing: Promise<void> | null = null

  const refuse = (): void => {
    isKept = false
    run.askGate.lift()
  }

  const write = async (): Promise<void> => {
    const changes = queue
    queue = []
    isDue = false
    const again = (): void => {
      queue = [...changes, ...queue]
      isDue = true
      writeAt = clock.now() + retryMs
    }
    const ms = storeCallMs(run.setup)
    const deadline = { ms, expired: () => portTimeout('asks', ms) }
    try {
      const asks = await withinMs(
        clock,
        deadline,
        async () => (await store.updateAsks?.(run.lease.lease, changes)) ?? null,
      )
      if (asks === null) {
        run.lease.recheck()
        again()
        return
      }
      for (const ask of asks) records.set(ask.id, ask)
      hasRead = true
      run.askGate.stored(records.keys())
    } catch (error) {
      report(error, 'asks')
      if (isPassing(error) || isPassingInStore(error)) again()
      else refuse()
    } finally {
      writing = null
      run.wakeup.wake()
    }
  }

  const change = (one: AskChange): void => {
    if (isKept) queue.push(one)
  }

  const begin = (): Promise<void> => {
    writing = write()
    return writing
  }

  return {
    get isKept() {
      return isKept
    },
    get isRead() {
      return hasRead || !isKept
    },
    get isWriting() {
      return writing !== null
    },
    get: (askId) => records.get(askId),
    all: () => [...records.values()],
    change,
    endGone(isOver) {
      if (records.size === 0) return
      const known = new Map(run.reply?.asks.map((ask) => [ask.id, ask.state]))
      for (const { id, state, triedAt } of records.values()) {
        const end = `${id} ${state}`
        if (ended.has(end) || (state !== 'open' && state !== 'answered')) continue
        // What an earlier worker saw, and no list shows, is over, too.
        const isGone = known.has(id) ? known.get(id) !== 'open' : run.schedule.hasReadAsks()
        if (!isGone) continue
        // No server had the answer: the run may come back to the question.
        const isUnsent = state === 'answered' && triedAt === null
        if (isUnsent && !isOver(id)) continue
        ended.add(end)
        // With an answer of ours it has arrived; without one, someone else's did.
        if (state === 'open') change({ type: 'closed', askId: id, unless: 'answered' })
        else change({ type: isUnsent ? 'closed' : 'sent', askId: id })
      }
    },
    reread() {
      isDue = true
    },
    write() {
      const hasWork = queue.length > 0 || isDue
      if (isKept && hasWork && writing === null && clock.now() >= writeAt) void begin()
    },
    nextAt: () => (isKept && writing === null && (queue.length > 0 || isDue) ? writeAt : Infinity),
    async close() {
      const ms = budgets.requestMs
      const deadline = { ms, expired: () => portTimeout('asks', ms) }
      try {
        await withinMs(clock, deadline, async () => {
          await writing
          if (isKept && queue.length > 0) await begin()
        })
      } catch (error) {
        report(error, 'asks')
      }
    },
  }
}

/** An ask as the row keeps it. When it was asked is what a person's time is counted from, so that is by the clock of the workers. */
export function toOpenAsk(ask: Ask, now: number): OpenAsk {
  const { id, sessionId, callId } = ask
  const common = { id, sessionId, callId, askedAt: now }
  if (ask.kind === 'question') return { ...common, kind: ask.kind, questions: ask.questions }
  const { permission, patterns } = ask
  return { ...common, kind: ask.kind, permission, patterns }
}
