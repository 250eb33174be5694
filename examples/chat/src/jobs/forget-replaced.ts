import type { TurnClient } from '@turnstead/turn'
import type { ReplacedTurns } from '../rows/replaced-turns.js'

export interface ForgetOptions {
  readonly client: TurnClient
  readonly replaced: Pick<ReplacedTurns, 'remembered' | 'forget'>
  readonly conversationId: number
  /** The session that the conversation has now; null for none. */
  readonly sessionId: string | null
}

/** So many are read at once, which may be large. */
const pageSize = 20

/**
 * Before a turn: takes out of the agent's memory what was replaced, the newest first, so that a worker that dies meanwhile leaves less to
 * do to the next one. Message by message and not by `revert`, which goes by the clocks in ids, and in a git repository takes files back.
 */
export async function forgetReplaced(options: ForgetOptions): Promise<void> {
  const { client, replaced, conversationId, sessionId } = options
  const gone: number[] = []
  for (const { turnId, promptId, sessionId: askedIn } of await replaced.remembered(
    conversationId,
  )) {
    const mayBeKnown = promptId !== null && sessionId !== null && askedIn === sessionId
    if (mayBeKnown && (await client.message.exists(sessionId, promptId))) {
      // With all that came after it, which was replaced as well.
      await deleteFrom(client, sessionId, promptId)
    }
    gone.push(turnId)
  }
  if (gone.length > 0) await replaced.forget(gone)
}

async function deleteFrom(
  { message }: TurnClient,
  sessionId: string,
  firstId: string,
): Promise<void> {
  for (;;) {
    const { messages } = await message.newest(sessionId, { limit: pageSize, backTo: firstId })
    const ids = messages.map(({ info }) => info.id)
    const from = Math.max(0, ids.indexOf(firstId))
    for (const id of ids.slice(from).toReversed()) await message.delete(sessionId, id)
    if (ids.length === 0 || ids.includes(firstId)) return
  }
}
