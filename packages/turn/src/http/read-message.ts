import type { Delivery } from '../ports.js'
import { isObject } from './read-json.js'

/** What the user wrote in the newest message of `useChat`; null when that is none of the user's, or holds nothing. */
export function textOfMessages(messages: unknown): string | null {
  const newest: unknown = Array.isArray(messages) ? messages.at(-1) : null
  if (!isObject(newest) || newest['role'] !== 'user' || !Array.isArray(newest['parts'])) return null
  const parts = newest['parts'].filter(isObject)
  const texts = parts.filter(({ type }) => type === 'text')
  const text = texts.map((part) => (typeof part['text'] === 'string' ? part['text'] : '')).join('')
  return text.trim() === '' && parts.length === texts.length ? null : text
}

/** The text of a turn that is begun; null when there is none. */
export function textOf(body: Readonly<Record<string, unknown>>): string | null {
  const { text } = body
  return typeof text === 'string' && text.trim() !== '' ? text : null
}

/** How a message is to reach the agent; null when the body says something else. */
export function deliveryOf({
  delivery = 'queue',
}: Readonly<Record<string, unknown>>): Delivery | null {
  return delivery === 'queue' || delivery === 'steer' ? delivery : null
}
