import { trace, type Meter } from '@opentelemetry/api'
import type { CollectTrace, PutTrace } from '@turnstead/artifacts'

import { present } from './attributes.js'
import type { Follow } from './follow-channel.js'
import { boundaries, genAi } from './genai.js'
import { currentContext } from './trace-context.js'

/** Collections and what stores are given. */
export function followArtifacts(follow: Follow, meter: Meter): void {
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: [...boundaries.seconds] } }
  const collections = meter.createHistogram('turnstead.artifacts.collect.duration', seconds)
  const puts = meter.createHistogram('turnstead.artifacts.put.duration', seconds)
  const kept = meter.createCounter('turnstead.artifacts.kept', { unit: '{file}' })
  const dropped = meter.createCounter('turnstead.artifacts.dropped', { unit: '{file}' })
  const isInside = (): boolean => trace.getSpan(currentContext()) !== undefined

  follow<CollectTrace>({
    channel: 'turnstead:artifacts:collect',
    name: () => 'collect files',
    atStart: ({ turnId, conversationId, tools }) =>
      present({
        'turnstead.turn.id': String(turnId),
        [genAi.conversation]: conversationId === null ? null : String(conversationId),
        'turnstead.tools': tools,
      }),
    atEnd: (collected) =>
      present({
        'turnstead.files.kept': collected.kept,
        'turnstead.files.kept_bytes': collected.keptBytes,
        'turnstead.files.dropped': sum(collected.dropped),
      }),
    measure: (collected, duration, failed) => {
      collections.record(duration, failed)
      kept.add(collected.kept ?? 0)
      for (const [reason, count] of Object.entries(collected.dropped ?? {})) {
        dropped.add(count, { 'turnstead.reason': reason })
      }
    },
  })

  follow<PutTrace>({
    channel: 'turnstead:artifacts:put',
    name: ({ store }) => `put ${store}`,
    hasSpan: isInside,
    atStart: ({ store }) => ({ 'turnstead.store': store }),
    atEnd: ({ sizeBytes }) => present({ 'turnstead.size_bytes': sizeBytes }),
    measure: ({ store }, duration, failed) =>
      puts.record(duration, { 'turnstead.store': store, ...failed }),
  })
}

function sum(counts: CollectTrace['dropped']): number | undefined {
  if (counts === undefined) return undefined
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
