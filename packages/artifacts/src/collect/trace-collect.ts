import { channels, type CollectTrace } from '../tracing/channels.js'
import type { Artifact } from '../catalog/artifact.js'
import { trace } from '../tracing/trace.js'
import { unnamed } from './turn-files.js'

type Call = Pick<CollectTrace, 'turnId'> & {
  readonly conversationId?: CollectTrace['conversationId'] | undefined
  readonly tools: readonly unknown[]
}

interface Report {
  readonly kept: readonly Pick<Artifact, 'sizeBytes' | 'trusted' | 'provenance'>[]
  readonly dropped: readonly { readonly reason: string }[]
}

/** Reports a `collect` by its counts. */
export async function traceCollect<Collected extends Report>(
  { turnId, conversationId = null, tools }: Call,
  collect: () => Promise<Collected>,
): Promise<Collected> {
  if (!channels.collect.hasSubscribers) return await collect()
  const context: CollectTrace = { turnId, conversationId, tools: tools.length }
  return await trace(channels.collect, context, async () => {
    const report = await collect()
    context.kept = report.kept.length
    context.keptBytes = report.kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    context.found = report.kept.filter(({ provenance }) => provenance.tool === unnamed.tool).length
    context.rendered = report.kept.filter(({ trusted }) => trusted).length
    context.dropped = countsOf(report)
    return report
  })
}

function countsOf({ dropped }: Report): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { reason } of dropped) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}
