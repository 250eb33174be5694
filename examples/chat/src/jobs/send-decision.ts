import type { Ask } from '@turnstead/reply'
import type { AskDecision, TurnClient } from '@turnstead/turn'
import { WireError } from '@turnstead/wire'

/**
 * Sends the user's decision to the agent's server. The turn waits there, so any process that reaches this server may.
 *
 * @returns False when the server does not know the ask: another page answered it, its time ran out, or it was asked by
 * another server.
 */
export async function sendDecision(
  { permission, question }: Pick<TurnClient, 'permission' | 'question'>,
  ask: Ask,
  decision: AskDecision,
): Promise<boolean> {
  try {
    if (decision.action === 'allow') await permission.reply(ask.id, { reply: 'once' })
    else if (decision.action === 'answer') {
      await question.reply(ask.id, { answers: decision.answers.map((labels) => [...labels]) })
    } else if (ask.kind === 'permission') await permission.reply(ask.id, { reply: 'reject' })
    else await question.reject(ask.id)
    return true
  } catch (error) {
    if (WireError.is(error) && error.status === 404) return false
    throw error
  }
}
