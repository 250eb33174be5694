import type { Meter } from '@opentelemetry/api'
import type { AskTrace } from '@turnstead/turn'

import { present } from './attributes.js'
import type { Follow } from './follow-channel.js'
import { boundaries, genAi } from './genai.js'
import { ofTurn, times } from './of-turn.js'

/** What agents ask people, and how long they wait. */
export function followAsks(follow: Follow, meter: Meter): void {
  const waits = meter.createHistogram('turnstead.ask.wait', {
    unit: 's',
    advice: { explicitBucketBoundaries: [...boundaries.longSeconds] },
  })

  follow<AskTrace>({
    channel: 'turnstead:turn:ask',
    name: ({ kind }) => `ask ${kind}`,
    partOf: ({ agent, turn }) => agent ?? turn,
    times,
    atStart: (ask) =>
      present({
        ...ofTurn(ask.turn),
        'turnstead.ask.id': ask.askId,
        'turnstead.ask.kind': ask.kind,
        'turnstead.ask.permission': ask.permission,
        [genAi.toolCallId]: ask.callId,
        'turnstead.session.id': ask.sessionId,
      }),
    atEnd: ({ outcome, decidedBy, rule }) =>
      present({
        'turnstead.outcome': outcome,
        'turnstead.ask.decided_by': decidedBy,
        'turnstead.ask.rule': rule,
      }),
    measure: ({ kind, outcome, decidedBy, waitMs = 0 }) =>
      waits.record(
        waitMs / 1_000,
        present({
          'turnstead.ask.kind': kind,
          'turnstead.outcome': outcome,
          'turnstead.ask.decided_by': decidedBy,
        }),
      ),
  })
}
