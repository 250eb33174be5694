import { createReply } from '../../src/index.js'
import type { ObserveOptions, Reply } from '../../src/index.js'
import { ServerModel } from '../../laws/server-model.js'

/** A turn on a modelled server, with a reply that hears every event at once. */
export interface Turn {
  readonly server: ServerModel
  readonly reply: Reply
  readonly sessionId: string
  readonly promptId: string
  /** Begins an assistant message that answers the prompt, or another user message. */
  answer(parentId?: string): string
  /** Begins a text part; the result grows it. */
  write(messageId: string, type?: 'text' | 'reasoning'): Writing
  /** States a tool call. */
  call(messageId: string, state: Record<string, unknown>, tool?: string, id?: string): string
  /** Completes a message. */
  complete(messageId: string, patch?: Record<string, unknown>): void
  /** Hands the reply what the server sent since the last time. */
  hear(): void
  /** Hands the reply the messages as the server stores them. */
  poll(options?: Parameters<Reply['reconcile']>[1]): void
}

export interface Writing {
  readonly id: string
  grow(...deltas: string[]): void
  end(text: string): void
}

export function beginTurn(options: ObserveOptions = {}): Turn {
  const server = new ServerModel()
  const sessionId = server.openSession(null, 'test', null)
  const promptId = server.addMessage(sessionId, { role: 'user' })
  server.putPart(promptId, { type: 'text', text: 'the prompt' })
  const reply = createReply({ sessionId, promptId, ...options })
  let heard = 0
  const turn: Turn = {
    server,
    reply,
    sessionId,
    promptId,
    answer(parentID = promptId) {
      const id = server.addMessage(sessionId, { role: 'assistant', parentID, cost: 0 })
      turn.hear()
      return id
    },
    write(messageId, type = 'text') {
      const id = server.putPart(messageId, { type, text: '', time: { start: 1 } })
      turn.hear()
      return {
        id,
        grow(...deltas) {
          for (const delta of deltas) server.delta(messageId, id, delta)
          turn.hear()
        },
        end(text) {
          server.putPart(messageId, { id, type, text, time: { start: 1, end: 2 } })
          turn.hear()
        },
      }
    },
    call(messageId, state, tool = 'bash', id) {
      const part = server.putPart(messageId, {
        type: 'tool',
        callID: 'call_1',
        tool,
        state,
        ...(id && { id }),
      })
      turn.hear()
      return part
    },
    complete(messageId, patch = { finish: 'stop' }) {
      server.patchMessage(messageId, { ...patch, time: { completed: server.tick().now } })
      turn.hear()
    },
    hear() {
      for (const event of server.events.slice(heard)) reply.apply(event)
      heard = server.events.length
    },
    poll(poll = {}) {
      reply.reconcile(server.poll().messages.get(poll.sessionId ?? sessionId), poll)
    },
  }
  turn.hear()
  return turn
}
