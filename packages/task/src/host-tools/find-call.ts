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

/** How long and how a call is looked for. */
export interface Search<Run> {
  /** Those that offer the tool, as they are now. */
  runs(): readonly Run[]
  /** A person has to approve the call in this run. */
  needsApproval(run: Run): boolean
  readonly clock: Clock
  /** On the monotonic clock. */
  readonly until: number
  readonly signal: AbortSignal
  readonly waiting: Waiting
  /** The call of this part is over, though its reply does not say so yet. */
  isOver(partId: string): boolean
}

const pauseMs = 25

/** The requests that wait for the same call: how many there are, and how many calls would satisfy all that came. */
export type Waiting = Map<string, { requests: number; needed: number }>

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
  const same = waiting.get(key) ?? { requests: 0, needed: 0 }
  waiting.set(key, same)
  same.requests += 1
  // One that gives up does not make the others' call theirs.
  same.needed += 1
  try {
    let wasClear = false
    for (;;) {
      const calls = search
        .runs()
        .filter(({ claimsFrom }) => monotonic(clock) >= claimsFrom)
        .flatMap((run) => callsIn(run, called, search).map((part) => ({ run, part })))
      const isClear = calls.length >= same.needed
      const [first] = calls
      // At two looks, so that a request that is on its way to the same call is counted.
      if (first !== undefined && isClear && wasClear && !signal.aborted) {
        first.run.claimed.set(first.part.id, false)
        same.needed -= 1
        return first
      }
      wasClear = first !== undefined && isClear
      if (signal.aborted || monotonic(clock) >= until) return null
      await clock.sleep(pauseMs, { signal }).catch(() => undefined)
    }
  } finally {
    same.requests -= 1
    if (same.requests === 0) waiting.delete(key)
  }
}

/**
 * Two requests for the same call are not told apart, so that one may have taken up the other's part: the server then ends that one
 * while the first still runs, and its late request has the part that ended in its place. Calls that run side by side are of one message.
 */
function callsIn<Run extends CallingRun>(
  run: Run,
  { fullName, digest }: CalledTool,
  search: Search<Run>,
): readonly ToolPart[] {
  const parts = run.source()?.view().parts ?? []
  const same = parts.filter((part): part is ToolPart => {
    if (part.kind !== 'tool' || part.tool !== fullName || search.isOver(part.id)) return false
    return digestOf(part.input) === digest && (!search.needsApproval(run) || isApproved(part))
  })
  const running = same.filter(({ status }) => status === 'running')
  const ended = same.filter(({ status }) => status === 'completed' || status === 'error')
  const isFree = ({ id }: ToolPart): boolean => !run.claimed.has(id)
  const answered = running.filter(({ id }) => run.claimed.get(id) === true)
  const exchanged = ended.filter(({ id }) => run.claimed.get(id) === false)
  const late = Math.max(0, answered.length - exchanged.length)
  const messages = new Set(answered.map(({ messageId }) => messageId))
  const inPlace = ended.filter((part) => isFree(part) && messages.has(part.messageId))
  return [...running.filter(isFree), ...inPlace.slice(0, late)]
}

/** The server lets a call wait while it asks; that it was asked at all is not its word to give. */
function isApproved({ asks, tool }: ToolPart): boolean {
  const own = asks.filter((ask) => ask.kind === 'permission' && ask.permission === tool)
  return own.length > 0 && own.every(({ state }) => state === 'answered')
}
