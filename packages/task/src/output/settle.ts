import type { OpenCodeRunOutput } from '../run-output.js'

type Message = OpenCodeRunOutput['messages'][number]
type Part = Extract<Message, { role: 'assistant' }>['parts'][number]

const words = 'The connection ended before the result came.'

/**
 * An output that will not go on, because the stream that brought it ended before the last one: `working` becomes the error
 * `output_cut`, open asks are gone, and tools and texts in its messages are under way no more. What became of the agent it does not say;
 * a run with `rows` may well go on. Any other output is given back as it is, and the same output gives the same object.
 *
 * @example
 * const shown = isAnswering ? part.output : settleRunOutput(part.output)
 */
export function settleRunOutput(output: OpenCodeRunOutput): OpenCodeRunOutput {
  if (output.status !== 'working') return output
  const known = settled.get(output)
  if (known !== undefined) return known
  const made: OpenCodeRunOutput = {
    ...output,
    status: 'error',
    error: { code: 'output_cut', message: words, retryable: true },
    asks: output.asks.filter(({ state }) => state !== 'open'),
    messages: output.messages.map(settleMessage),
  }
  settled.set(output, made)
  return made
}

/** Pages compare by identity, and ask each time that they render. */
const settled = new WeakMap<OpenCodeRunOutput, OpenCodeRunOutput>()

function settleMessage(message: Message): Message {
  return message.role === 'user' ? message : { ...message, parts: message.parts.map(settlePart) }
}

function settlePart(part: Part): Part {
  if (!('state' in part)) return part
  switch (part.state) {
    case 'streaming':
      return { ...part, state: 'done' }
    case 'input-streaming':
    case 'input-available':
      return { ...part, state: 'output-error', errorText: words }
    case 'output-available': {
      const { preliminary: _, ...whole } = part
      return whole
    }
    default:
      return part
  }
}
