import type { Ask } from '@turnstead/reply'
import type { AskAttendant } from '../asks/attend-asks.js'
import type { PromptRecord } from '../ports.js'
import { withRetry } from '../run/retry.js'
import { requestLimits, type TurnRun } from '../run/run.js'

/**
 * How a run that was lost stands to its question. `back`: the server's session ends right before it, so that the next run asks it again.
 * `stuck`: what it was about, or what was called beside it, may have run, and would run twice. `none`: no question was open.
 */
export type QuestionState = 'back' | 'stuck' | 'none'

type Newest = Awaited<
  ReturnType<TurnRun['server']['client']['message']['newest']>
>['messages'][number]

/**
 * Takes a run that its server has lost back to right before its question. What the agent said with the call that asks is a message that
 * never ended, and is removed: the model is then asked the same as before it, and calls the same (measured on 1.18.33). Left there, it
 * would be told that its call was interrupted. Only if nothing else was called with it: what ran would run again.
 */
export async function returnToQuestion(
  run: TurnRun,
  prompt: PromptRecord,
  asks: Pick<AskAttendant, 'isUnsent' | 'unsent' | 'hasRunBeside'>,
): Promise<QuestionState> {
  const { newest, since } = await newestMessages(run, prompt)
  const open = newest !== undefined && isOpen(newest) ? newest : null
  // What someone else has asked meanwhile is not ours to remove, and the next run would answer that.
  const isAnothers = since.some((id) => run.others.turnOf(id) === null)
  const unsent = asks.unsent()
  if (open !== null && isAnothers) return unsent.length > 0 ? 'stuck' : 'none'
  const known = run.reply?.asks ?? []
  const lost = known.filter(({ state }) => state === 'open' || state === 'expired')
  if (open === null) {
    // The server has lost its data: what it had in that message is known by the reply alone.
    const isBeside = lost.some(
      ({ id, sessionId }) =>
        asks.isUnsent(id) && (sessionId !== prompt.sessionId || asks.hasRunBeside(id)),
    )
    // Where that was not stored, nothing says what was called with it.
    const isUnknown = unsent.some((askId) => !known.some(({ id }) => id === askId))
    return isBeside || isUnknown ? 'stuck' : unsent.length > 0 ? 'back' : 'none'
  }
  const calls = open.parts.filter((part) => part.type === 'tool')
  const lostHere = lost.filter(({ messageId }) => messageId === null || messageId === open.info.id)
  if (calls.some(({ callID }) => callsOf(lostHere).has(callID))) {
    // An answer that may have arrived may have been followed.
    const asking = callsOf(lostHere.filter(({ id }) => asks.isUnsent(id)))
    const isAlone = calls.every(
      ({ callID, tool, state }) =>
        state.status === 'pending' ||
        (state.status === 'running' && asking.has(callID) && tool !== 'task'),
    )
    if (!isAlone) return 'stuck'
    // With them in the session the next run would be theirs, and its question another turn's. Their own turns send them again.
    for (const id of since) await remove(run, prompt, id)
    await remove(run, prompt, open.info.id)
    return 'back'
  }
  // A sub-agent asked: its own tools may have run.
  const isOfAgent = lost.some(({ sessionId }) => sessionId !== prompt.sessionId)
  return isOfAgent && calls.some(({ tool }) => tool === 'task') ? 'stuck' : 'none'
}

function callsOf(asks: readonly Ask[]): ReadonlySet<string> {
  return new Set(asks.flatMap(({ callId }) => (callId === null ? [] : [callId])))
}

/** The newest message, apart from prompts that came after this turn's; these, the newest first. */
async function newestMessages(
  run: TurnRun,
  { sessionId }: PromptRecord,
): Promise<{ readonly newest: Newest | undefined; readonly since: readonly string[] }> {
  const { foreign, steered } = run.others
  const messages = await withRetry(run.setup, {
    step: 'asks',
    signal: run.signal,
    async attempt() {
      const { message } = run.server.client
      const page = { limit: 1 + steered.length + foreign.length }
      return (await message.newest(sessionId, page, requestLimits(run))).messages
    },
  })
  const others = new Set(foreign)
  const isOthers = ({ info }: Newest): boolean =>
    others.has(info.id) || run.others.turnOf(info.id) !== null
  const at = messages.findLastIndex((message) => !isOthers(message))
  const since = messages.slice(at + 1).map(({ info }) => info.id)
  return { newest: messages[at], since: since.toReversed() }
}

function isOpen({ info }: Newest): boolean {
  return info.role === 'assistant' && info.time.completed === undefined
}

/** Asked for twice it is the same. */
async function remove(run: TurnRun, { sessionId }: PromptRecord, messageId: string): Promise<void> {
  await withRetry(run.setup, {
    step: 'asks',
    signal: run.signal,
    async attempt() {
      await run.lease.confirm(run.signal)
      await run.server.client.message.delete(sessionId, messageId, requestLimits(run))
    },
  })
}
