import { SpanKind, trace, type Meter } from '@opentelemetry/api'
import type { VerbTrace } from '@turnstead/session'

import { present } from './attributes.js'
import type { Follow } from './follow-channel.js'
import { boundaries } from './genai.js'
import { currentContext } from './trace-context.js'

/** What goes on all the time, for many turns at once: it is measured, and has no spans. */
const beats: ReadonlySet<string> = new Set(['renew', 'renewAll', 'peek'])

/** Verbs of the store. */
export function followSession(follow: Follow, meter: Meter): void {
  const verbs = meter.createHistogram('turnstead.session.verb.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [...boundaries.seconds] },
  })
  follow<VerbTrace>({
    channel: 'turnstead:session:verb',
    name: ({ verb }) => `store ${verb}`,
    kind: SpanKind.CLIENT,
    // Alone it would be a trace of one statement.
    hasSpan: ({ verb }) => !beats.has(verb) && trace.getSpan(currentContext()) !== undefined,
    atStart: ({ verb, turnId, conversationId }) =>
      present({
        'turnstead.verb': verb,
        'turnstead.turn.id': text(turnId),
        'gen_ai.conversation.id': text(conversationId),
      }),
    atEnd: ({ outcome }) => present({ 'turnstead.outcome': outcome }),
    measure: ({ verb, outcome }, duration, failed) =>
      verbs.record(duration, {
        ...present({ 'turnstead.verb': verb, 'turnstead.outcome': outcome }),
        ...failed,
      }),
  })
}

function text(id: VerbTrace['turnId']): string | null {
  return id === null ? null : String(id)
}
