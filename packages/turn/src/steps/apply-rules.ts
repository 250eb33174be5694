import { type Session, WireError } from '@turnstead/wire'
import type { SessionUpstream } from '../ports.js'
import { withRetry } from '../run/retry.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import { fingerprintOf, planRules, type Rule } from './session-rules.js'
import { withKey } from '../upstream.js'
import { findUpstream, turnUpstream } from './session-upstream.js'

/** A session under the rules that are wanted. */
export interface RuledSession {
  readonly session: Session
  /** It is a new one, to which nothing could be carried over: the agent has forgotten what was said before. */
  readonly isForgetful: boolean
}

const maxForks = 2

/**
 * Brings a session that exists under the host's present permission rules, before the prompt: the server reads them when a
 * prompt begins. Nothing can be taken out of a session's rules, so one whose earlier rules would go on to count is
 * replaced by a copy of itself.
 *
 * @param stored - The fingerprint of the rules that the session has, as the row says; undefined where the store keeps none.
 */
export async function applyRules(
  run: TurnRun,
  session: Session,
  stored: string | null | undefined,
): Promise<RuledSession> {
  const { permission } = run.setup.session
  const wanted = fingerprintOf(permission)
  const unchanged = { session, isForgetful: false }
  const isKept = stored !== undefined && run.setup.store.noteSession !== undefined
  // A prompt that may be running has read its rules already.
  if (!isKept || stored === wanted || run.delivery.mayHaveArrived) return unchanged
  const plan = planRules(rulesOf(session), permission ?? [])
  if (plan.type === 'replace') return await replace(run, session, wanted)
  if (plan.type === 'append') await append(run, session, plan.rules)
  await note(run, session, wanted)
  return unchanged
}

/** Twice is the same as once. */
async function append(run: TurnRun, { id }: Session, rules: readonly Rule[]): Promise<void> {
  await run.lease.confirm(run.signal)
  const permission = rules as NonNullable<Session['permission']>
  await withRetry(run.setup, {
    step: 'session',
    signal: run.signal,
    attempt: () => run.setup.client.session.update(id, { permission }, requestLimits(run)),
  })
}

async function note(run: TurnRun, { id }: Session, rules: string | null): Promise<void> {
  const { store } = run.setup
  const isNoted = await withRetry(run.setup, {
    step: 'session',
    signal: run.signal,
    attempt: async () =>
      (await store.noteSession?.(run.lease.lease, { sessionId: id, rules })) ?? true,
  })
  if (!isNoted) run.lease.recheck()
}

async function replace(run: TurnRun, old: Session, rules: string | null): Promise<RuledSession> {
  const { conversationId, report, store } = run.setup
  const upstream = turnUpstream(run, { isRecreating: true })
  let isForgetful = false
  const copying: SessionUpstream = {
    ...upstream,
    async create(request) {
      await run.lease.confirm(run.signal)
      const copy = await fork(run, old, request.key)
      isForgetful = copy === null
      return copy ?? (await upstream.create(request))
    },
  }
  const { sessionId } = await withRetry(run.setup, {
    step: 'session',
    signal: run.signal,
    attempt: (signal) =>
      store.recreateSession(conversationId, old.id, copying, {
        signal,
        lease: run.lease.lease,
        rules,
      }),
  })
  const session = await withRetry(run.setup, {
    step: 'session',
    signal: run.signal,
    attempt: () => findUpstream(run, sessionId),
  })
  if (session === null) throw new Error(`The session ${sessionId} is gone right after it was made.`)
  if (!isForgetful)
    await upstream.delete(old.id).catch((error: unknown) => report(error, 'session'))
  return { session, isForgetful }
}

/** Null when the server cannot copy the session: one in which a structured answer was asked for, for example. */
async function fork(run: TurnRun, old: Session, key: string): Promise<Session | null> {
  const { client, report, session: input } = run.setup
  const permission = [...(input.permission ?? [])]
  for (let count = 1; ; count += 1) {
    try {
      const copy = await client.session.fork(old.id, { permission }, requestLimits(run))
      try {
        const metadata = withKey(input.metadata, key)
        const named = { metadata, title: old.title }
        return await client.session.update(copy.id, named, requestLimits(run))
      } catch (error) {
        // Without its own key no one would find it.
        await turnUpstream(run)
          .delete(copy.id)
          .catch((failure: unknown) => report(failure, 'session'))
        throw error
      }
    } catch (error) {
      if (!WireError.is(error) || error.code !== 'server_error') throw error
      report(error, 'session')
      if (count === maxForks) return null
    }
  }
}

function rulesOf({ permission }: Session): readonly Rule[] {
  return permission ?? []
}
