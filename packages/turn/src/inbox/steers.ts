import type { AskAttendant } from '../asks/attend-asks.js'
import { watchNotices } from '../asks/watch-notices.js'
import { portTimeout } from '../errors.js'
import type { PromptRecord, RowId, TurnRecord } from '../ports.js'
import { parsePrompt, type Prompt, toBody, toParts } from '../prompt.js'
import { withinMs } from '../run/deadline.js'
import { LeaseInDoubt } from '../run/lease-keeper.js'
import { onAbort } from '../run/listen.js'
import { storeCallMs } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'

/** Gives messages that are there for a running turn to its agent. */
export interface Steers {
  /** Begins to look, when there may be something. Never waits, never fails the turn. */
  attend(): void
  /** When to call `attend` next; Infinity while there is nothing to do. */
  nextAt(): number
  /** Ends what is under way. What was taken and not sent is sent by the run of its own turn. */
  close(): Promise<void>
}

const retryMs = 500

/**
 * Each message is a turn of its own: its prompt is chosen and stored with the move to `running`, under the lease of the turn that runs, and
 * sent then, once. Where this process dies, whoever goes on finds it as it finds every turn that was begun.
 */
export function attendSteers(
  run: TurnRun,
  prompt: PromptRecord,
  asks: Pick<AskAttendant, 'mayHaveUnsent'>,
): Steers {
  const { clock, store } = run.setup
  if (store.readSteers === undefined || store.takeSteer === undefined) return none
  const closing = new AbortController()
  // What came before this listens shows itself with the first renewal.
  let isDue = (run.lease.asksRevision ?? 0) > 0
  let attendAt = 0
  let working: Promise<void> | null = null
  /** Those that could not be taken, as they were then. */
  const refused = new Map<RowId, number>()
  /** Taken, and not known to have arrived. */
  const unsent: Taken[] = []
  // A question that the run comes back to has to be this turn's: the answer that was given is to no other's.
  const mayTake = (): boolean => isAtWork(run) && !asks.mayHaveUnsent()
  const wake = (): void => {
    isDue = true
    run.wakeup.wake()
  }
  const unwatch = watchNotices(run.setup, ({ type }) => {
    if (type === 'steered' || type === 'missed') wake()
  })
  const unlisten = run.lease.onAsksRevision((revision) => {
    if (revision > 0) wake()
  })
  const unlistenRun = onAbort(run.signal, () => closing.abort(run.signal.reason))

  const sendAll = async (): Promise<void> => {
    for (let [first] = unsent; first !== undefined; [first] = unsent) {
      if (closing.signal.aborted || !mayTake()) return
      await send(run, first, closing.signal)
      unsent.shift()
    }
  }

  const work = async (): Promise<void> => {
    isDue = false
    try {
      for (const turn of await readSteers(run)) {
        await sendAll()
        if (closing.signal.aborted || !mayTake()) return
        if (turn.status !== 'pending' || refused.get(turn.turnId) === revisionOf(turn)) continue
        const taken = await take(run, prompt, turn)
        if (taken !== null) unsent.push(taken)
        else {
          // What it asks may have been put right since it was read.
          refused.set(turn.turnId, revisionOf(turn))
          isDue = true
        }
      }
      await sendAll()
    } catch (error) {
      if (closing.signal.aborted) return
      run.setup.report(error, 'inbox')
      isDue = true
      attendAt = clock.now() + retryMs
    } finally {
      working = null
      run.wakeup.wake()
    }
  }

  return {
    attend() {
      if (isDue && working === null && clock.now() >= attendAt && mayTake()) working = work()
    },
    nextAt: () => (isDue && working === null && mayTake() ? attendAt : Infinity),
    async close() {
      unwatch()
      unlisten()
      unlistenRun()
      closing.abort(new Error('the turn is over'))
      await working
    },
  }
}

const none: Steers = {
  attend: () => undefined,
  nextAt: () => Infinity,
  close: async () => undefined,
}

/** The agent is at work on this turn, as far as is known: a message that came later would only begin a run of its own. */
function isAtWork({ delivery, reply }: TurnRun): boolean {
  if (reply === null || !delivery.isAtWork || delivery.isStopped) return false
  const { state, answeredBy } = reply.outcome()
  return answeredBy === null && (state === 'running' || state === 'unknown')
}

/** Messages that wait for this turn, and those that were taken for it: these are known then. */
async function readSteers(run: TurnRun): Promise<readonly TurnRecord[]> {
  const { clock, store } = run.setup
  const ms = storeCallMs(run.setup)
  const deadline = { ms, expired: () => portTimeout('inbox', ms) }
  const read = async (): Promise<readonly TurnRecord[]> =>
    (await store.readSteers?.(run.lease.lease)) ?? []
  const turns = await withinMs(clock, deadline, read)
  for (const { prompt, startedAt, status, turnId } of turns) {
    // One that was cancelled before this turn began has nothing to do with it.
    const isOfThis = status === 'running' || (startedAt ?? -1) >= (run.startedAt ?? Infinity)
    if (status !== 'pending' && prompt !== null && isOfThis) know(run, prompt, turnId)
  }
  return turns
}

/** From then on what answers it is its own, and no part of this turn's reply. */
function know({ others, reply }: TurnRun, { id, sessionId }: PromptRecord, turnId: RowId): void {
  others.know(id, turnId)
  if (reply?.sessionId === sessionId) reply.handOver(id)
}

/** Learns which messages an earlier worker of this turn has taken, before anything of the reply is judged. */
export async function learnSteers(run: TurnRun): Promise<void> {
  try {
    await readSteers(run)
  } catch (error) {
    run.setup.report(error, 'inbox')
  }
}

/** One of a store that counts none is as it was. */
function revisionOf({ revision = 0 }: TurnRecord): number {
  return revision
}

interface Taken {
  readonly prompt: PromptRecord
  readonly input: Prompt
  /** A send has begun. */
  mayHaveArrived: boolean
}

/** Null when it is not to be taken, here or at all: then it waits for its own turn, which says why. */
async function take(
  run: TurnRun,
  { sessionId }: PromptRecord,
  { turnId, input: stored, revision }: TurnRecord,
): Promise<Taken | null> {
  const { client, clock, ids, promptDefaults, session, store } = run.setup
  const parsed = parsePrompt(stored)
  if (parsed === null) return null
  const { agent } = session
  const input = { ...promptDefaults, ...(agent === undefined ? {} : { agent }), ...parsed }
  const partIds = toParts(input).map(() => ids.partId())
  const prompt: PromptRecord = {
    id: ids.messageId(),
    sessionId,
    partIds,
    runs: 0,
    sessionRecreated: false,
  }
  try {
    client.prompt.check(toBody(input, prompt))
  } catch {
    return null
  }
  await run.lease.confirm(run.signal)
  const ms = storeCallMs(run.setup)
  const deadline = { ms, expired: () => portTimeout('inbox', ms) }
  const isTaken = await withinMs(
    clock,
    deadline,
    async () => (await store.takeSteer?.(run.lease.lease, turnId, prompt, revision)) ?? false,
  )
  if (!isTaken) {
    run.lease.recheck()
    return null
  }
  know(run, prompt, turnId)
  return { prompt, input, mayHaveArrived: false }
}

/** Once; where the server does not take it in time, the run of its own turn looks before it sends it again. */
async function send(run: TurnRun, taken: Taken, signal: AbortSignal): Promise<void> {
  const { budgets, report } = run.setup
  const { prompt, input } = taken
  for (;;) {
    await run.lease.confirm(signal)
    const mayBeSent = taken.mayHaveArrived
    taken.mayHaveArrived = true
    try {
      const body = toBody(input, prompt)
      const { error } = await run.server.client.prompt.send(prompt.sessionId, body, {
        mayBeSent,
        giveUpAfterMs: budgets.unreachableMs,
        timeoutMs: budgets.requestMs,
        signal,
        beforeTry: () => run.lease.assertHeld(),
        onTry: (failure) => report(failure, 'inbox'),
      })
      if (error !== null) report(error, 'inbox')
      return
    } catch (error) {
      // The process was paused right before a request: the store knows whether it may still be sent.
      if (!(error instanceof LeaseInDoubt)) throw error
    }
  }
}
