import type { ReplySource, ToolPart } from '@turnstead/reply'
import { type Clock, monotonic } from '../clock.js'
import { digestOf } from './ticket.js'

/** What the server called. */
export interface CalledTool {
  /** As the agent's model sees it. */
  readonly fullName: string
  /** Digest of the input. */
  readonly digest: string
}

/** A run in which the call may have been made. */
export interface CallingRun {
  source(): ReplySource | null
  /** The parts whose calls were taken up, and whether the request that took one up was answered. */
  readonly claimed: Map<string, boolean>
  /**
   * Milliseconds of the monotonic clock before which none of its calls is taken up: a process that was here before may have taken some, and
   * the server has not said yet which.
   */
  readonly claimsFrom: number
}

/** A call that was taken up, and whose it is. */
export interface ClaimedCall<Run> {
  readonly run: Run
  readonly part: ToolPart
}

/** Where a call is looked for. */
export interface Field<Run> {
  /** Those that offer the tool, as they are now. */
  readonly runs: () => readonly Run[]
  /** A person has to approve the call in this run. */
  readonly needsApproval: (run: Run) => boolean
  /** The call of this part is over, though its reply does not say so yet. */
  readonly isOver: (partId: string) => boolean
  readonly clock: Clock
}

/** How long and how a call is looked for. */
export interface Search<Run> extends Field<Run> {
  /** On the monotonic clock. */
  readonly until: number
  readonly signal: AbortSignal
  readonly waiting: Waiting
  /** The request was here before, over a connection that broke. */
  readonly isBack: boolean
}

const pauseMs = 25

/**
 * The requests that wait for the same call: how many there are, how many calls would satisfy all that came, and how many of these gave up
 * and have not come back.
 */
export type Waiting = Map<string, { requests: number; needed: number; gone: number }>

/**
 * The running call of the agent that a request of the server is for, taken so that no other request gets it. The request names no
 * session: so only a run whose own reply has such a call, with this input, may be meant. Where more requests wait than there are such
 * calls, one of them is another session's, and no one can tell which: then none gets any. Null when there is none.
 */
export async function claimCall<Run extends CallingRun>(
  called: CalledTool,
  search: Search<Run>,
): Promise<ClaimedCall<Run> | null> {
  const { clock, signal, waiting, until } = search
  const key = `${called.fullName} ${called.digest}`
  const same = waiting.get(key) ?? { requests: 0, needed: 0, gone: 0 }
  waiting.set(key, same)
  same.requests += 1
  // One that gives up does not make the others' call theirs, and is no other one when it comes back.
  if (search.isBack && same.gone > 0) same.gone -= 1
  else same.needed += 1
  try {
    let wasClear = false
    for (;;) {
      const { free, late } = callsIn(called, search)
      const calls = [...free, ...late]
      const isClear = calls.length >= same.needed
      const [first] = calls
      // At two looks, so that a request that is on its way to the same call is counted.
      if (first !== undefined && isClear && wasClear && !signal.aborted) {
        first.run.claimed.set(first.part.id, false)
        same.needed -= 1
        return first
      }
      wasClear = first !== undefined && isClear
      if (signal.aborted) {
        same.gone += 1
        return null
      }
      if (monotonic(clock) >= until) return null
      await clock.sleep(pauseMs, { signal }).catch(() => undefined)
    }
  } finally {
    same.requests -= 1
    if (same.requests === 0) waiting.delete(key)
  }
}

/**
 * The request that took a call up is being answered. What ended before that, and for which no other request is owed, ended for reasons of its
 * own: no late request has it.
 */
export function noteAnswered<Run extends CallingRun>(
  called: CalledTool,
  { run, part }: ClaimedCall<Run>,
  field: Field<Run>,
): void {
  const { ended, owed } = callsIn(called, field)
  if (owed === 0) for (const each of ended) each.run.claimed.set(each.part.id, true)
  run.claimed.set(part.id, true)
}

interface Calls<Run> {
  /** Running, and not taken up. */
  readonly free: readonly ClaimedCall<Run>[]
  /** Ended without having been taken up, the newest first. */
  readonly ended: readonly ClaimedCall<Run>[]
  /** So many of these ended by the answer to a request that had taken up another one. */
  readonly owed: number
  /** These. */
  readonly late: readonly ClaimedCall<Run>[]
}

/**
 * Requests for the same call are not told apart, also those of two runs, so that one may have taken up another's part: the server then ends that
 * one while the first still runs, and its late request has the part that ended in its place.
 */
function callsIn<Run extends CallingRun>(
  { fullName, digest }: CalledTool,
  { clock, isOver, needsApproval, runs }: Field<Run>,
): Calls<Run> {
  const same = runs().flatMap((run) => {
    if (monotonic(clock) < run.claimsFrom) return []
    const parts = run.source()?.view().parts ?? []
    return parts.flatMap((part) => {
      if (part.kind !== 'tool' || part.tool !== fullName) return []
      if (digestOf(part.input) !== digest) return []
      return needsApproval(run) && !isApproved(part) ? [] : [{ run, part }]
    })
  })
  const isFree = ({ part, run }: ClaimedCall<Run>): boolean =>
    !run.claimed.has(part.id) && !isOver(part.id)
  const running = same.filter(({ part }) => part.status === 'running')
  const ended = same.filter(({ part: { status } }) => status === 'completed' || status === 'error')
  const answered = running.filter(
    ({ part, run }) => run.claimed.get(part.id) === true || isOver(part.id),
  )
  const exchanged = ended.filter(({ part, run }) => run.claimed.get(part.id) === false)
  const left = ended.filter(isFree).toReversed()
  const owed = Math.max(0, answered.length - exchanged.length)
  // Of one run, calls that run side by side are of one message: an earlier process may have answered what ended in those before.
  const isBeside = ({ part, run }: ClaimedCall<Run>): boolean =>
    answered.some((each) => each.run !== run || each.part.messageId === part.messageId)
  return {
    free: running.filter(isFree),
    ended: left,
    owed,
    late: left.filter(isBeside).slice(0, owed),
  }
}

/** The server lets a call wait while it asks; that it was asked at all is not its word to give. */
function isApproved({ asks, tool }: ToolPart): boolean {
  const own = asks.filter((ask) => ask.kind === 'permission' && ask.permission === tool)
  return own.length > 0 && own.every(({ state }) => state === 'answered')
}
