import { isDeepStrictEqual } from 'node:util'
import type { ReplySource, ToolPart } from '@turnstead/reply'
import { type Clock, monotonic } from '../clock.js'

/** What the server called. */
export interface CalledTool {
  /** As the agent's model sees it. */
  readonly fullName: string
  readonly input: unknown
  readonly needsApproval: boolean
}

/** A run in which the call may have been made. */
export interface CallingRun {
  source(): ReplySource | null
  /** Parts whose calls were taken up. */
  readonly claimed: Set<string>
}

/** The call may be here before the event that says that its part runs. */
const patienceMs = 10_000
const pauseMs = 25

/** The requests that wait for the same call: how many there are, and how many calls would satisfy all that came. */
export type Waiting = Map<string, { requests: number; needed: number }>

/**
 * The running call of the agent that a request of the server is for, taken so that no other request gets it. The request names no
 * session: so only a run whose own reply has such a call, with this input, may be meant. Where more requests wait than there are such
 * calls, one of them is another session's, and no one can tell which: then none gets any. Null when there is none.
 */
export async function claimCall<Run extends CallingRun>(
  runs: () => readonly Run[],
  called: CalledTool,
  options: { readonly clock: Clock; readonly signal: AbortSignal; readonly waiting: Waiting },
): Promise<{ readonly run: Run; readonly part: ToolPart } | null> {
  const { clock, signal, waiting } = options
  const key = `${called.fullName} ${stableJson(called.input)}`
  const same = waiting.get(key) ?? { requests: 0, needed: 0 }
  waiting.set(key, same)
  same.requests += 1
  // One that gives up does not make the others' call theirs.
  same.needed += 1
  try {
    const until = monotonic(clock) + patienceMs
    let wasClear = false
    for (;;) {
      const calls = runs().flatMap((run) => callsIn(run, called).map((part) => ({ run, part })))
      const isClear = calls.length >= same.needed
      const [first] = calls
      // At two looks, so that a request that is on its way to the same call is counted.
      if (first !== undefined && isClear && wasClear) {
        first.run.claimed.add(first.part.id)
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

function callsIn(run: CallingRun, called: CalledTool): readonly ToolPart[] {
  const parts = run.source()?.view().parts ?? []
  return parts.filter((part): part is ToolPart => isCall(part, called, run))
}

/** The same text for the same value, whatever the order of its keys. */
function stableJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stableJson(item)}`).join(',')}}`
}

function isCall(
  part: { readonly kind: string; readonly id: string },
  { fullName, input, needsApproval }: CalledTool,
  { claimed }: CallingRun,
): boolean {
  if (part.kind !== 'tool' || claimed.has(part.id)) return false
  const call = part as ToolPart
  if (call.tool !== fullName || call.status !== 'running') return false
  return isDeepStrictEqual(call.input, input) && (!needsApproval || isApproved(call))
}

/** The server lets a call wait while it asks; that it was asked at all is not its word to give. */
function isApproved({ asks, tool }: ToolPart): boolean {
  const own = asks.filter((ask) => ask.kind === 'permission' && ask.permission === tool)
  return own.length > 0 && own.every(({ state }) => state === 'answered')
}
