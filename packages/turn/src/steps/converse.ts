import { WireError } from '@turnstead/wire'
import { followToProof, type Proof } from './follow.js'
import { patiently } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'
import { sessionUpstream } from './session-upstream.js'
import { pumpStream, watchReply } from './stream.js'
import { assertMayRunAgain, choosePrompt, submit } from './submit.js'

const readyLimitMs = 10_000
/** A server that loses every session as soon as it is made will not keep the next one. */
const maxReplaced = 3

/** Ensures the session and asks in it; when the session is gone upstream, makes a new one as the policy allows. */
export async function converse(run: TurnRun): Promise<Proof> {
  const { conversationId, store } = run.setup
  const upstream = sessionUpstream(run)
  let { sessionId } = await patiently(run, 'session', () =>
    store.ensureSession(conversationId, upstream, { signal: run.signal }),
  )
  for (let replaced = 0; ; replaced += 1) {
    try {
      return await askInSession(run, sessionId)
    } catch (error) {
      if (!isSessionGone(error) || replaced >= maxReplaced) throw error
      assertMayRunAgain(run)
      const stale = sessionId
      const fresh = await patiently(run, 'session', () =>
        store.recreateSession(conversationId, stale, upstream, { signal: run.signal }),
      )
      sessionId = fresh.sessionId
    }
  }
}

/** choose and store the prompt id → subscribe and wait until ready → send at most once → follow to the proof */
async function askInSession(run: TurnRun, sessionId: string): Promise<Proof> {
  const { client, onReply } = run.setup
  const mayHaveArrived = run.prompt?.sessionId === sessionId
  const prompt = await choosePrompt(run, sessionId)
  attachObservers(run, onReply)

  const subscription = client.events.subscribe({ session: sessionId, includeChildren: true })
  const pump = pumpStream(run, subscription)
  try {
    await waitUntilReady(run, subscription.ready)
    await submit(run, prompt, { mayHaveArrived })
    run.isLookDue = mayHaveArrived
    run.hasGap = mayHaveArrived
    return await followToProof(run, prompt)
  } finally {
    subscription.close()
    await pump
  }
}

/** A stream that does not come up must not keep the prompt back for ever: the looks can carry a turn alone. */
async function waitUntilReady(run: TurnRun, ready: Promise<void>): Promise<void> {
  const waited = new AbortController()
  const onAbort = (): void => waited.abort(run.signal.reason)
  run.signal.addEventListener('abort', onAbort, { once: true })
  const limit = run.setup.clock.sleep(readyLimitMs, { signal: waited.signal })
  try {
    await Promise.race([ready, limit])
  } catch (error) {
    run.signal.throwIfAborted()
    run.setup.report(error, 'stream')
  } finally {
    run.signal.removeEventListener('abort', onAbort)
    waited.abort()
    limit.catch(() => undefined)
  }
}

function attachObservers(run: TurnRun, onReply: TurnRun['setup']['onReply']): void {
  for (const observer of [watchReply(run), ...(run.setup.observers ?? [])])
    run.reply.observe(observer)
  try {
    onReply?.(run.reply)
  } catch (error) {
    run.setup.report(error, 'callback')
  }
}

function isSessionGone(error: unknown): boolean {
  return WireError.is(error) && error.code === 'session_not_found'
}
