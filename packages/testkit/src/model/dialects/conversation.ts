import type { ModelMessage } from './model-request.js'

/** A piece of a conversation in an API that does not keep one message for each call of the model. */
export type Piece =
  | {
      readonly by: 'person'
      readonly role: string
      readonly text: string
      readonly images: number
    }
  | { readonly by: 'model'; readonly text: string }
  | { readonly by: 'call'; readonly id: string; readonly name: string; readonly arguments: string }
  | {
      readonly by: 'tool'
      readonly callId: string
      readonly text: string
      readonly images: number
    }

const nothing = { text: '', toolCalls: [], toolCallId: null, isToolMedia: false, images: 0 }

/**
 * Puts pieces together into messages: one assistant message for each call of the model. A call says text, then calls
 * tools; so text after a text or after a tool call belongs to the next one.
 */
export function joinPieces(pieces: readonly Piece[]): readonly ModelMessage[] {
  const messages: ModelMessage[] = []
  for (const piece of pieces) {
    const last = messages.at(-1)
    switch (piece.by) {
      case 'person':
        messages.push({ ...nothing, role: piece.role, text: piece.text, images: piece.images })
        break
      case 'model':
        messages.push({ ...nothing, role: 'assistant', text: piece.text })
        break
      case 'call': {
        const { id, name, arguments: given } = piece
        const call = { id, name, arguments: given }
        if (last?.role === 'assistant') {
          messages.splice(-1, 1, { ...last, toolCalls: [...last.toolCalls, call] })
        } else messages.push({ ...nothing, role: 'assistant', toolCalls: [call] })
        break
      }
      case 'tool':
        messages.push({
          ...nothing,
          role: 'tool',
          text: piece.text,
          toolCallId: piece.callId,
          images: piece.images,
        })
    }
  }
  return messages
}
