import { createMemoryStore } from './memory/memory-store.js'
import type { TurnClient } from './ports.js'
import type { Prompt } from './prompt.js'
import type { TurnResult } from './result.js'
import type { TurnOptions } from './options.js'
import { runTurn } from './run-turn.js'

/** Options of {@link ask}: those of a turn, without rows. */
export interface AskOptions extends Omit<
  TurnOptions,
  'client' | 'store' | 'conversationId' | 'turnId' | 'prompt' | 'owner' | 'onBusy'
> {
  /** A session to go on with. Default: a new one. */
  readonly sessionId?: string
}

/**
 * Asks the agent one thing and waits for its answer, without rows of any kind: for scripts, and for hosts that keep the result
 * themselves. No other process finishes what a crash of this one leaves.
 *
 * @example
 * const result = await ask(client, 'What is in this folder?', { onReply: (reply) => reply.observe(observer) })
 * if (result.status === 'completed') console.log(result.reply.text)
 */
export async function ask(
  client: TurnClient,
  prompt: string | Prompt,
  { sessionId, ...options }: AskOptions = {},
): Promise<TurnResult> {
  const store = createMemoryStore()
  const ids = { conversationId: 1, turnId: 1 }
  store.addTurn(ids)
  const ensureSession: typeof store.ensureSession = async (...args) =>
    sessionId === undefined ? await store.ensureSession(...args) : { sessionId, created: false }
  return await runTurn({
    ...options,
    ...ids,
    client,
    store: { ...store, ensureSession },
    prompt: typeof prompt === 'string' ? { text: prompt } : prompt,
  })
}
