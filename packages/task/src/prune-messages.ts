import { toModelText } from './model-output.js'
import { isRunOutput } from './run-output.js'

/**
 * The messages for the outer model, with the output of every run in short, as `toModelOutput` gives it. For set-ups whose
 * messages were made without the tool, so that its output is in them as JSON. The same array when there is nothing to do; for
 * `prepareStep`:
 *
 * @example
 * const prepareStep = ({ messages }) => ({ messages: pruneSubMessages(messages) })
 */
export function pruneSubMessages<Message extends { readonly role: string }>(
  messages: Message[],
): Message[] {
  const pruned = messages.map(pruneMessage)
  return pruned.every((message, index) => message === messages[index]) ? messages : pruned
}

function pruneMessage<Message extends { readonly role: string }>(message: Message): Message {
  // An assistant's message has results, too, where the provider runs tools.
  if (!('content' in message) || !Array.isArray(message.content)) return message
  const content: readonly unknown[] = message.content
  const pruned = content.map(pruneResult)
  if (pruned.every((part, index) => part === content[index])) return message
  return { ...message, content: pruned }
}

function pruneResult(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part
  const { type, output } = part as { readonly type?: unknown; readonly output?: unknown }
  if (type !== 'tool-result' || typeof output !== 'object' || output === null) return part
  const value: unknown = 'value' in output ? output.value : null
  return isRunOutput(value) ? { ...part, output: toModelText(value) } : part
}
