import type { TurnSetup } from '../options.js'
import type { QueuedTurn } from '../ports.js'
import type { Skipped, TurnResult } from '../result.js'
import type { TurnRun } from '../run/run.js'
import {
  type ArtifactTrace,
  channels,
  type ClaimTrace,
  type SessionTrace,
  type SettleTrace,
  type TurnTrace,
} from '../tracing/channels.js'
import { trace } from '../tracing/trace.js'
import type { ClaimedTurn } from './claim.js'
import type { Ending, Unwritten } from './settle.js'

/** Reports an attempt to take the turn. */
export async function traceClaim(
  { conversationId, owner, turnId }: TurnSetup,
  claim: () => Promise<ClaimedTurn | Skipped | QueuedTurn>,
): Promise<ClaimedTurn | Skipped | QueuedTurn> {
  const context: ClaimTrace = { turnId, conversationId, owner }
  return await trace(channels.claim, context, async () => {
    const claimed = await claim()
    context.outcome = 'reason' in claimed ? claimed.reason : 'claimed'
    return claimed
  })
}

/** Reports a run of the turn, and in it what was observed. */
export async function traceTurn<Report>(
  run: TurnRun,
  toEnd: () => Promise<TurnResult<Report>>,
): Promise<TurnResult<Report>> {
  const { tracing, setup } = run
  if (!channels.turn.hasSubscribers) return await toEnd().finally(() => tracing.close())
  const startedAt = setup.clock.now()
  return await trace(channels.turn, tracing.turn, async () => {
    try {
      const result = await toEnd()
      note(tracing.turn, result)
      return result
    } finally {
      tracing.close()
      noteUse(run, setup.clock.now() - startedAt)
    }
  })
}

function note(turn: TurnTrace, result: TurnResult): void {
  turn.status = result.status
  turn.ending = result.status === 'skipped' ? result.reason : result.ending
  if (result.status === 'failed') turn.errorCode = result.error.code
}

function noteUse({ delivery, reply, tracing, usage }: TurnRun, durationMs: number): void {
  const { cost, tokens } = reply === null ? usage.earlier : usage.total(reply.view())
  Object.assign(tracing.turn, {
    cost,
    tokens,
    timeToFirstTokenMs: usage.timeToFirstTokenMs,
    reruns: delivery.prompt?.runs ?? 0,
    durationMs,
  })
}

/** Reports how the conversation comes to its session. */
export async function traceSession<
  Found extends {
    readonly session: { readonly id: string }
    readonly outcome: 'ensured' | 'created' | 'recreated' | 'restored'
  },
>({ tracing: { turn } }: TurnRun, obtain: () => Promise<Found>): Promise<Found> {
  const context: SessionTrace = { turn }
  return await trace(channels.session, context, async () => {
    const found = await obtain()
    turn.sessionId = found.session.id
    Object.assign(context, { sessionId: found.session.id, outcome: found.outcome })
    return found
  })
}

/** Reports the terminal write. */
export async function traceSettle(
  { tracing: { turn } }: TurnRun,
  { status }: Ending,
  write: () => Promise<Ending | Unwritten>,
): Promise<Ending | Unwritten> {
  const context: SettleTrace = { turn, status, isWritten: false }
  return await trace(channels.settle, context, async () => {
    const written = await write()
    context.isWritten = typeof written === 'object'
    return written
  })
}

/** Reports the collection of files, and of the collector's own report how many. */
export async function traceCollect<Report>(
  { tracing: { turn } }: TurnRun,
  tools: readonly unknown[],
  collect: () => Promise<Report>,
): Promise<Report> {
  const context: ArtifactTrace = { turn, tools: tools.length }
  return await trace(channels.artifact, context, async () => {
    const report = await collect()
    Object.assign(context, countsOf(report))
    return report
  })
}

function countsOf(report: unknown): { readonly kept?: number; readonly dropped?: number } {
  const { kept, dropped } = (report ?? {}) as {
    readonly kept?: unknown
    readonly dropped?: unknown
  }
  return {
    ...(Array.isArray(kept) ? { kept: kept.length } : {}),
    ...(Array.isArray(dropped) ? { dropped: dropped.length } : {}),
  }
}
