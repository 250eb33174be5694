import type { Answer } from '../chats/chats.js'
import type { ChatMessage } from '../chats/chat-message.js'

const longestText = 20_000

/** What a person wrote, as a message; null when the body is none. */
export function readMessage(body: unknown): ChatMessage | null {
  const { id, parts } = fieldsOf(fieldsOf(body)['message'])
  if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id) || !Array.isArray(parts)) return null
  const text = parts
    .map((part: unknown) => fieldsOf(part)['text'])
    .filter((each) => typeof each === 'string')
    .join('\n')
    .trim()
  if (text === '' || text.length > longestText) return null
  return { id, role: 'user', parts: [{ type: 'text', text }] }
}

/** A person's answer to an ask; null when the body is none. */
export function readAnswer(body: unknown): Answer | null {
  const { toolCallId, askId, decision } = fieldsOf(body)
  if (typeof toolCallId !== 'string' || typeof askId !== 'string') return null
  const { action, answers } = fieldsOf(decision)
  const call = { toolCallId, askId }
  if (action === 'allow' || action === 'reject') return { ...call, decision: { action } }
  if (action === 'answer' && isAnswers(answers)) return { ...call, decision: { action, answers } }
  return null
}

function isAnswers(value: unknown): value is string[][] {
  const isLabel = (label: unknown): boolean => typeof label === 'string' && label.length <= 2_000
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((labels) => Array.isArray(labels) && labels.length > 0 && labels.every(isLabel))
  )
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
