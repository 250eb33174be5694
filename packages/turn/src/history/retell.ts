import type { MessageWithParts } from '@turnstead/wire'
import { unreachable } from '../errors.js'
import { isPassing } from '../run/passing.js'
import { withRetry } from '../run/retry.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import { askHost } from './ask-host.js'
import { mergeEntries } from './merge-entries.js'

/** Says of a message that it tells what was said before. */
const retoldKey = 'turnstead-retold'

/** Gives a session that is new in the place of a lost one what the agent is to know, before the prompt. */
export async function retell(
  run: TurnRun,
  { lostId, sessionId }: { readonly lostId: string; readonly sessionId: string },
): Promise<void> {
  const { setup } = run
  const { onSessionLost } = setup.recovery
  if (typeof onSessionLost !== 'function') return
  const entries = await withRetry(setup, {
    step: 'history',
    signal: run.signal,
    attempt: async () => (await setup.history?.read(setup.conversationId)) ?? [],
  }).catch((error: unknown) => {
    run.signal.throwIfAborted()
    setup.report(error, 'history')
    return []
  })
  const { budgets, conversationId, ids } = setup
  const sessions = mergeEntries(entries)
  const host = { name: 'onSessionLost', sessionId: lostId }
  const text = await askHost(run, host, async () => {
    const said: unknown = await onSessionLost({ conversationId, sessionId: lostId, sessions })
    if (typeof said === 'string') return said
    throw new TypeError('`recovery.onSessionLost` must give a text')
  })
  if (text.trim() === '') return
  await run.lease.confirm(run.signal)
  const verdict = await run.server.client.prompt.send(
    sessionId,
    {
      messageID: ids.messageId(),
      noReply: true,
      parts: [{ id: ids.partId(), type: 'text', text, metadata: { [retoldKey]: true } }],
    },
    {
      ...requestLimits(run),
      giveUpAfterMs: budgets.unreachableMs,
      beforeTry: () => run.lease.assertHeld(),
    },
  )
  if (verdict.delivered === 'yes') return
  const { error } = verdict
  throw error === null || isPassing(error) ? unreachable(budgets.unreachableMs, error) : error
}

/** A session in which nothing but that was said yet. */
export function isRetold(messages: readonly MessageWithParts[]): boolean {
  const [first] = messages
  return (
    messages.length === 1 &&
    first?.parts.some((part) => part.type === 'text' && part.metadata?.[retoldKey] === true) ===
      true
  )
}
