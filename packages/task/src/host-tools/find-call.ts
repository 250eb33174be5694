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

/**
 * The running call of the agent that a request of the server is for, taken so that no other request gets it. The request names no
 * session: so only a run whose own reply has such a call, with this input, may be meant. Null when there is none.
 */
export async function claimCall<Run extends CallingRun>(
  runs: () => readonly Run[],
  called: CalledTool,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<{ readonly run: Run; readonly part: ToolPart } | null> {
  const until = monotonic(clock) + patienceMs
  for (;;) {
    for (const run of runs()) {
      const part = run
        .source()
        ?.view()
        .parts.find((each) => isCall(each, called, run))
      if (part?.kind !== 'tool') continue
      run.claimed.add(part.id)
      return { run, part }
    }
    if (signal.aborted || monotonic(clock) >= until) return null
    await clock.sleep(pauseMs, { signal }).catch(() => undefined)
  }
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
