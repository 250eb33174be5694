import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Deliver } from './deliver.js'
import type { OutboxEvent } from './event.js'

/** Where events go, and how they are signed. */
export interface WebhookOptions {
  readonly url: string | URL
  /**
   * Signs timestamp and body: `whsec_` and base64, or any text of 24 bytes or more. Several while a new one is introduced: the
   * receiver needs one of them.
   */
  readonly secret: string | readonly string[]
  /** Sent with each event, such as an `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch
  /** What the receiver gets as JSON. Default: the event without `attempts`. */
  readonly body?: (event: OutboxEvent) => unknown
  /** In milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
}

/**
 * Delivers events by POST, signed as the Standard Webhooks specification has it (`webhook-id`, `webhook-timestamp`,
 * `webhook-signature`). Any status but 2xx is a failure; redirects are not followed.
 *
 * @throws TypeError for an address that is none or a secret that is too short.
 */
export function webhook(options: WebhookOptions): Deliver {
  if (Reflect.get(Object(options), 'url') === undefined) {
    throw new TypeError('`url` is missing: an http or https address')
  }
  const url = new URL(options.url)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TypeError('`url` must be an http or https address')
  }
  const keys = keysOf(options.secret)
  const { headers = {}, fetch = globalThis.fetch, now = Date.now, body = withoutAttempts } = options
  return async (event, { signal }) => {
    const text = JSON.stringify(body(event))
    const timestamp = String(Math.floor(now() / 1000))
    const signatures = keys.map((key) => `v1,${sign(key, event.id, timestamp, text)}`)
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal,
      body: text,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'webhook-id': event.id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatures.join(' '),
      },
    })
    // What it says is of no use, and its socket has to be free again.
    await response.body?.cancel()
    if (!response.ok)
      throw new Error(`The receiver answered ${response.status} to event ${event.id}.`)
  }
}

/** What came in, and what it is checked by. */
export interface WebhookCheck {
  readonly secret: string | readonly string[]
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The body as it came, before any parser. */
  readonly body: string | Uint8Array
  /** How old, or how far ahead, the timestamp may be, in milliseconds. Default 5 minutes. */
  readonly toleranceMs?: number
  /** In milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
}

/** For the receiver: whether an event is one of ours, and not one that was recorded and is sent again. */
export function isSignedWebhook(check: WebhookCheck): boolean {
  const { toleranceMs = 5 * 60_000, now = Date.now } = check
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => {
      const value = check.headers[name]
      return typeof value === 'string' ? value : ''
    },
  )
  if (!id || !signature || !/^\d{1,15}$/.test(timestamp ?? '')) return false
  if (Math.abs(now() - Number(timestamp) * 1000) > toleranceMs) return false
  const text = typeof check.body === 'string' ? check.body : Buffer.from(check.body).toString()
  const given = signature.split(' ').filter((each) => each.startsWith('v1,'))
  return keysOf(check.secret).some((key) => {
    const expected = Buffer.from(`v1,${sign(key, id, timestamp ?? '', text)}`)
    return given.some((each) => {
      const bytes = Buffer.from(each)
      return bytes.length === expected.length && timingSafeEqual(bytes, expected)
    })
  })
}

const shortestSecretBytes = 24
const secretPrefix = 'whsec_'

function keysOf(secret: string | readonly string[]): readonly Buffer[] {
  const secrets = typeof secret === 'string' ? [secret] : secret
  const keys = secrets.map((each) =>
    each.startsWith(secretPrefix)
      ? Buffer.from(each.slice(secretPrefix.length), 'base64')
      : Buffer.from(each),
  )
  if (keys.length > 0 && keys.every(({ length }) => length >= shortestSecretBytes)) return keys
  throw new TypeError(`\`secret\` must have ${shortestSecretBytes} bytes or more`)
}

function sign(key: Buffer, id: string, timestamp: string, body: string): string {
  return createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
}

function withoutAttempts({ attempts: _, ...event }: OutboxEvent): unknown {
  // A key of 64 bits is no JSON by itself.
  const ids = { turnId: jsonId(event.turnId), conversationId: jsonId(event.conversationId) }
  return { ...event, ...ids }
}

function jsonId(id: OutboxEvent['turnId']): string | number {
  return typeof id === 'bigint' ? String(id) : id
}
