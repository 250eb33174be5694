/**
 * Tell someone, at least once, that a turn ended, asks or waits: events that the rows hold, to a callback or a signed webhook.
 *
 * ```ts
 * const outbox = createOutbox({ store: createOutboxStore({ knex }), deliver: webhook({ url, secret }) })
 * ```
 */
export { createOutbox } from './outbox/deliver.js'
export type { Deliver, Outbox, OutboxErrorContext, OutboxOptions } from './outbox/deliver.js'
export type { OutboxEvent, OutboxEventType, OutboxStore } from './outbox/event.js'
export type { DeliveryRetries } from './outbox/retry-delay.js'
export { isSignedWebhook, webhook } from './outbox/webhook.js'
export type { WebhookCheck, WebhookOptions } from './outbox/webhook.js'
