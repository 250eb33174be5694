import type { ReplyPart } from '@turnstead/reply'
import { type Answerable, sendAnswer } from './send-answer.js'
import { listAsks } from '../poll/list-asks.js'
import { readSessionTree } from '../poll/session-tree.js'
import { withinMs } from '../run/deadline.js'
import { openAsks, type TurnRun } from '../run/run.js'
import type { RequestLimits } from '../run/server.js'

/** A server that is slow with what sub-agents ask is told to abort all the same. */
const longestRejectionMs = 3_000

/**
 * Rejects what is open in these sessions, and notes the ids of what the server took.
 *
 * @returns whether the server showed that nothing was open.
 */
export async function rejectAsks(
  run: TurnRun,
  sessionIds: ReadonlySet<string>,
  rejected: Set<string>,
  limits: RequestLimits,
): Promise<boolean> {
  const { permissions, questions } = await listAsks(run, sessionIds, limits)
  const open = [
    ...(permissions === undefined
      ? knownPermissions(run, sessionIds)
      : toAnswerable('permission', permissions)),
    ...toAnswerable('question', questions),
  ]
  for (const ask of open) {
    run.tracing.decided(ask.id, { by: 'stop', rule: null })
    const { outcome } = await sendAnswer(run, ask, { action: 'reject' }, limits)
    if (outcome === 'sent') rejected.add(ask.id)
  }
  return permissions !== undefined && open.length === 0
}

/**
 * To be done before an abort. The server stops sub-agents first, and one that waits for a person takes so long that the agent
 * above it goes on for another step meanwhile (5 of 6 times on 1.18.33). Without its ask it stops with the others.
 */
export async function rejectBelow(
  run: TurnRun,
  sessionId: string,
  rejected: Set<string>,
  limits: RequestLimits,
): Promise<void> {
  const { clock, report } = run.setup
  if (!mayHaveAgents(run)) return
  const expired = (): Error =>
    new Error(`What sub-agents ask was not rejected within ${longestRejectionMs} ms.`)
  const deadline = { ms: longestRejectionMs, signal: limits.signal, expired }
  try {
    await withinMs(clock, deadline, async (signal) => {
      const tree = new Set(await readSessionTree(run, sessionId, { ...limits, signal }))
      tree.delete(sessionId)
      await rejectAsks(run, tree, rejected, { ...limits, signal })
    })
  } catch (error) {
    limits.signal?.throwIfAborted()
    report(error, 'stop')
  }
}

/** A sub-agent is heard of after the call that starts it. */
function mayHaveAgents({ reply }: TurnRun): boolean {
  if (reply === null) return false
  const { parts, children } = reply.view()
  const starts = (part: ReplyPart): boolean => part.kind === 'tool' && part.tool === 'task'
  return children.length > 0 || parts.some(starts)
}

/** Where the server cannot list them, the events still reported these. */
function knownPermissions(run: TurnRun, sessionIds: ReadonlySet<string>): readonly Answerable[] {
  return openAsks(run).filter((ask) => ask.kind === 'permission' && sessionIds.has(ask.sessionId))
}

function toAnswerable(
  kind: Answerable['kind'],
  asks: readonly { readonly id: string; readonly sessionID: string }[],
): Answerable[] {
  return asks.map((ask) => ({ kind, id: ask.id, sessionId: ask.sessionID }))
}
