import { channels, type DeliveryTrace } from '../tracing/channels.js'
import { toErrorCode, trace } from '../tracing/trace.js'
import type { OutboxEvent } from './event.js'

/** What became of one attempt to deliver an event. */
export interface Told {
  readonly outcome: NonNullable<DeliveryTrace['outcome']>
  readonly error?: unknown
}

/** Reports an attempt. */
export async function traceDelivery(event: OutboxEvent, tell: () => Promise<Told>): Promise<void> {
  const { attempts, conversationId, id: eventId, turnId, type } = event
  const context: DeliveryTrace = { eventId, type, turnId, conversationId, attempts }
  await trace(channels.outbox, context, async () => {
    const { outcome, error } = await tell()
    context.outcome = outcome
    if (error !== undefined) context.errorCode = toErrorCode(error)
  })
}
