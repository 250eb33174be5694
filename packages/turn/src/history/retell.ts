import { withRetry } from '../run/retry.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import { mergeEntries } from './merge-entries.js'

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
  const { conversationId, ids } = setup
  const sessions = mergeEntries(entries)
  const text = await onSessionLost({ conversationId, sessionId: lostId, sessions })
  if (text.trim() === '') return
  await run.lease.confirm(run.signal)
  const verdict = await run.server.client.prompt.send(
    sessionId,
    {
      messageID: ids.messageId(),
      noReply: true,
      parts: [{ id: ids.partId(), type: 'text', text }],
    },
    { ...requestLimits(run), beforeTry: () => run.lease.assertHeld() },
  )
  if (verdict.delivered !== 'yes')
    throw verdict.error ?? new Error('What was said before was not taken.')
}
