import type { Meter } from '@opentelemetry/api'
import type { DeliveryTrace } from '@turnstead/turn'

import { present } from './attributes.js'
import type { Follow } from './follow-channel.js'
import { boundaries, genAi } from './genai.js'

/** Deliveries of the outbox. */
export function followOutbox(follow: Follow, meter: Meter): void {
  const deliveries = meter.createHistogram('turnstead.outbox.delivery.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [...boundaries.seconds] },
  })

  follow<DeliveryTrace>({
    channel: 'turnstead:turn:outbox',
    name: ({ type }) => `deliver ${type}`,
    atStart: ({ eventId, type, turnId, conversationId, attempts }) => ({
      'turnstead.event.id': eventId,
      'turnstead.event.type': type,
      'turnstead.turn.id': String(turnId),
      [genAi.conversation]: String(conversationId),
      'turnstead.attempts': attempts,
    }),
    atEnd: ({ outcome }) => present({ 'turnstead.outcome': outcome }),
    measure: ({ type, outcome }, duration, failed) =>
      deliveries.record(duration, {
        ...present({ 'turnstead.event.type': type, 'turnstead.outcome': outcome }),
        ...failed,
      }),
  })
}
