import type { Reply } from '@turnstead/reply'
import type { Session } from '@turnstead/wire'
import { sessionDeleted } from '../errors.js'
import { bringBack } from '../history/bring-back.js'
import { findHead } from '../history/keep-history.js'
import { isRetold, retell } from '../history/retell.js'
import { learnSteers } from '../inbox/steers.js'
import type { LiveOutput } from '../live/output.js'
import type { Proof } from '../poll/evidence.js'
import { withinMs } from '../run/deadline.js'
import { storeCallMs, withRetry } from '../run/retry.js'
import type { SessionFate } from '../ports/history.js'
import { type KnownSession, requestLimits, type TurnRun } from '../run/run.js'
import { fingerprintOf } from './session-rules.js'
import { applyRules } from './apply-rules.js'
import { followToProof } from './follow.js'
import { keepTitle, type TitleKeeper } from './keep-title.js'
import type { Snapshots } from './save-snapshot.js'
import { findUpstream, isNotFound, turnUpstream } from './session-upstream.js'
import { isSessionGone, wasRecreated } from '../upstream.js'
import { pumpStream, watchReply } from './stream.js'
import { choosePrompt, countLostRun, submit } from './submit.js'
import { traceSession } from './trace-run.js'

const readyLimitMs = 10_000
/** A server that loses every session as soon as it is made will not keep the next one. */
const maxTries = 3

/** A session that the server has. */
interface FoundSession {
  readonly session: Session
  /** It was made in place of one, and nothing of that could be carried over. */
  readonly isRecreated: boolean
  /** How the conversation came to it. */
  readonly outcome: 'ensured' | 'created' | 'recreated' | 'restored'
  readonly titles: TitleKeeper
}

/** Where the reply goes while it grows. */
export interface Outputs {
  readonly snapshots: Snapshots
  readonly live: LiveOutput
}

/** Obtains the session and asks in it; begins again when the server did not know the session for a moment. */
export async function runInSession(run: TurnRun, outputs: Outputs): Promise<Proof> {
  const attach = createAttacher(run, outputs)
  const stopOpening = openStreamEarly(run)
  try {
    await findHead(run)
    return await runInOneOf(run, { ...outputs, attach, stopOpening })
  } finally {
    stopOpening()
  }
}

/** What asking in a session needs. */
interface Asking extends Outputs {
  readonly attach: () => Reply
  /** The stream has its own subscriber. */
  readonly stopOpening: () => void
}

/** The stream of the client's directory opens while the session is obtained: in most cases it is the session's, too. */
function openStreamEarly({ setup }: TurnRun): () => void {
  const opening = setup.client.events.subscribe({ session: 'none' })
  return () => opening.close()
}

async function runInOneOf(run: TurnRun, asking: Asking): Promise<Proof> {
  for (let tries = 1; ; tries += 1) {
    const known = tries === 1 ? run.session : null
    const found = await traceSession(run, () => obtainSession(run, known))
    await bindToDirectory(run, found)
    try {
      const proof = await askInSession(run, found, asking)
      await found.titles.after()
      return proof
    } catch (error) {
      if (!isSessionGone(error) || tries === maxTries) throw error
      run.setup.report(error, 'session')
    }
  }
}

/** A session that the row had at the claim is looked for on the server like any other: that it is still the row's is not asked. */
async function obtainSession(run: TurnRun, known: KnownSession | null): Promise<FoundSession> {
  const { budgets, conversationId, report, session: input, store } = run.setup
  let made: Session | null = null
  const upstream = turnUpstream(run, { onMade: (session) => (made = session) })
  const limitMs = Math.max(storeCallMs(run.setup), budgets.unreachableMs)
  const patient = { step: 'session', signal: run.signal, limitMs, mayPass: isNotFound } as const
  const options = { lease: run.lease.lease, rules: fingerprintOf(input.permission) }
  const ensure = (): ReturnType<typeof store.ensureSession> =>
    underLease(run, () =>
      withRetry(run.setup, {
        ...patient,
        attempt: (signal) => store.ensureSession(conversationId, upstream, { ...options, signal }),
      }),
    )
  /** What the server has just said of the session that it made is not asked for again. */
  const look = async (id: string): Promise<Session | null> =>
    made?.id === id
      ? made
      : await withRetry(run.setup, { ...patient, attempt: () => findUpstream(run, id) })
  let lostId: string | null = null
  let obtained: KnownSession & { readonly created?: boolean } = known ?? (await ensure())
  for (let tries = 1; ; tries += 1) {
    const { created, sessionId: id, rules, title } = obtained
    const back = await bringBack(run, id, await look(id))
    if (back !== null) {
      const { session, isForgetful } = await underLease(run, () =>
        applyRules(run, back.session, rules),
      )
      const titles = keepTitle(run, title)
      await titles.before(session)
      const left = await leftBefore(run, session)
      const isRecreated = isForgetful || tries > 1 || left !== 'used'
      const fate = fateOf({ isRecreated, isNew: created === true, ...back })
      run.sessionFate = fate
      if (back.hasLostRun) await countLostRun(run)
      if (isRecreated && left !== 'told')
        await retell(run, { lostId: lostId ?? id, sessionId: session.id })
      return { session, isRecreated, outcome: outcomes[fate], titles }
    }
    lostId = id
    // Given to the lost session the prompt may have run; in a new one it would run a second time.
    if (run.delivery.mayHaveArrived || tries === maxTries) throw sessionDeleted(id)
    obtained = await underLease(run, () =>
      withRetry(run.setup, {
        ...patient,
        attempt: (signal) =>
          store.recreateSession(conversationId, id, turnUpstream(run, { isRecreating: true }), {
            ...options,
            signal,
          }),
      }),
    )
    report(historyLost(id), 'session')
  }
}

/** How a turn came to a session that is there. */
type FoundFate = Exclude<SessionFate, 'lost'>

function fateOf(how: {
  readonly isRecreated: boolean
  readonly isRestored: boolean
  readonly isNew: boolean
}): FoundFate {
  if (how.isRecreated) return 'replaced'
  return how.isRestored ? 'restored' : how.isNew ? 'new' : 'same'
}

const outcomes: Readonly<Record<FoundFate, FoundSession['outcome']>> = {
  same: 'ensured',
  new: 'created',
  restored: 'restored',
  replaced: 'recreated',
}

/** A worker that made a session in place of a lost one may have died before it stored a prompt for it: it is as that left it. */
async function leftBefore(run: TurnRun, session: Session): Promise<'used' | 'empty' | 'told'> {
  if (!wasRecreated(session) || run.delivery.prompt?.sessionId === session.id) return 'used'
  const { client } = run.server
  const { messages } = await withRetry(run.setup, {
    step: 'session',
    signal: run.signal,
    attempt: () => client.message.newest(session.id, { limit: 2 }, requestLimits(run)),
  })
  return messages.length === 0 ? 'empty' : isRetold(messages) ? 'told' : 'used'
}

/** A store that refuses a session because the lease was lost knows it before the next renewal does. */
async function underLease<T>(run: TurnRun, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if ((error as { readonly code?: unknown } | null)?.code === 'lease_lost') {
      await run.lease.ask()
      run.signal.throwIfAborted()
    }
    throw error
  }
}

async function bindToDirectory(run: TurnRun, { session }: FoundSession): Promise<void> {
  await withRetry(run.setup, {
    step: 'session',
    signal: run.signal,
    limitMs: run.setup.budgets.requestMs,
    mayPass: isNotFound,
    attempt: () => run.server.bindTo(session, requestLimits(run)),
  })
}

/** choose and store the prompt id → subscribe and wait until ready → send at most once → follow to the proof */
async function askInSession(
  run: TurnRun,
  { session, isRecreated }: FoundSession,
  { attach, snapshots, stopOpening }: Asking,
): Promise<Proof> {
  const { client } = run.server
  const mayHaveArrived =
    run.delivery.mayHaveArrived && run.delivery.prompt?.sessionId === session.id
  const prompt = await choosePrompt(run, session.id, isRecreated)
  const reply = attach()
  if (run.delivery.isResumed) await learnSteers(run)

  const subscription = client.events.subscribe({ session: session.id, includeChildren: true })
  const pump = pumpStream(run, reply, subscription)
  stopOpening()
  try {
    await waitUntilReady(run, subscription.ready)
    await submit(run, prompt, { mayHaveArrived, isRerun: false })
    if (mayHaveArrived) run.schedule.gap()
    return await followToProof(run, prompt, snapshots)
  } finally {
    subscription.close()
    await pump
  }
}

/** A stream that does not come up must not keep the prompt back forever: the polls can carry a turn alone. */
async function waitUntilReady(run: TurnRun, ready: Promise<void>): Promise<void> {
  const expired = (): Error =>
    new Error(`The event stream was not ready within ${readyLimitMs} ms.`)
  try {
    await withinMs(run.setup.clock, { ms: readyLimitMs, signal: run.signal, expired }, () => ready)
  } catch (error) {
    run.signal.throwIfAborted()
    run.setup.report(error, 'stream')
  }
}

/** Hands out each reply once, however often the turn begins again with it. */
function createAttacher(run: TurnRun, { live, snapshots }: Outputs): () => Reply {
  let attached: Reply | null = null
  return () => {
    const { reply } = run
    if (reply === null) throw new Error('a reply is attached after its prompt was chosen')
    if (reply === attached) return reply
    attached = reply
    reply.observe(watchReply(run, reply, snapshots))
    live.follow(reply)
    run.tracing.follow(reply)
    run.activity.follow(reply)
    callOnReply(run, reply)
    return reply
  }
}

/** A callback that fails, now or later, must not become the turn's failure, nor end the process. */
function callOnReply({ setup }: TurnRun, reply: Reply): void {
  const failed = (error: unknown): void => setup.report(error, 'callback')
  try {
    Promise.resolve(setup.onReply?.(reply)).catch(failed)
  } catch (error) {
    failed(error)
  }
}

function historyLost(sessionId: string): Error {
  return new Error(
    `The OpenCode server does not know the session ${sessionId} of this conversation any more. The turn runs in a new one: the agent has forgotten what was said before.`,
  )
}
