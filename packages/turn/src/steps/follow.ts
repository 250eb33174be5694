import { serverLostTurn, TurnError, unreachable } from '../errors.js'
import { decideNext, type Evidence, type Proof, type Verdict } from '../poll/evidence.js'
import { createPoller, type Seen } from '../poll/poll.js'
import { wasAsking } from '../poll/was-asking.js'
import type { PromptRecord } from '../ports.js'
import { attendSteers } from '../inbox/steers.js'
import { isPassing } from '../run/passing.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import { createSafePoints } from '../history/safe-points.js'
import { watchBudgets } from '../run/watch-budgets.js'
import { type AskAttendant, attendAsks } from '../asks/attend-asks.js'
import type { Snapshots } from './save-snapshot.js'
import { createParking } from '../waiting/park.js'
import { returnToQuestion } from '../waiting/return-to-question.js'
import { isSessionGone } from '../upstream.js'
import { countRerun, submit } from './submit.js'

/**
 * Follows the turn until its end is proven. Events only say when to poll; what the poll shows decides. Polls, answers and
 * snapshots go on beside this loop, so that none of them keeps a budget, an ask or a cancel waiting.
 *
 * @throws TurnError when the server lost the turn, refused it or stayed out of reach.
 */
export async function followToProof(
  run: TurnRun,
  sent: PromptRecord,
  snapshots: Snapshots,
): Promise<Proof> {
  const asks = attendAsks(run)
  const steers = attendSteers(run, sent, asks)
  const polls = pollBeside(run, sent)
  const budgets = watchBudgets(run)
  const safePoints = createSafePoints(run)
  const parking = createParking(run, asks, {
    async saveLast() {
      await snapshots.saveLast()
      // Written beside it, the older history might come last.
      await safePoints.close()
    },
  })
  let prompt = sent
  try {
    for (;;) {
      run.signal.throwIfAborted()
      asks.attend()
      steers.attend()
      snapshots.save()
      budgets.check()
      safePoints.attend()
      const seen = polls.take()
      if (seen !== null) {
        safePoints.polled()
        const verdict = decideNext(seen, run.setup.timing.graceMs)
        if (verdict.next === 'settle') return verdict.outcome
        if (verdict.next === 'free') await polls.free()
        else prompt = await act({ run, asks }, prompt, verdict)
      }
      await parking.park()
      polls.start()
      const nextAt = Math.min(
        polls.nextAt(),
        asks.nextAt(),
        steers.nextAt(),
        snapshots.nextAt(),
        safePoints.nextAt(),
        parking.nextAt(),
      )
      await run.wakeup.wait(Math.max(0, nextAt - run.setup.clock.now()), run.signal)
    }
  } finally {
    await budgets.close()
    await polls.close()
    await safePoints.close()
    await steers.close()
    await asks.close()
  }
}

/** A turn, and who attends to its asks. */
interface Following {
  readonly run: TurnRun
  readonly asks: AskAttendant
}

/** Carries out what the evidence calls for, short of the end. */
async function act(
  { run, asks }: Following,
  prompt: PromptRecord,
  verdict: Exclude<Verdict, { next: 'settle' | 'free' }>,
): Promise<PromptRecord> {
  switch (verdict.next) {
    case 'wait':
      return prompt
    case 'refused':
      throw new TurnError(
        'prompt_rejected',
        `The OpenCode server ended the prompt ${prompt.id} without an answer (${verdict.name}). Check its agent and model; the cause has the server's words.`,
        { cause: new Error(verdict.message) },
      )
    case 'stopped':
      throw new TurnError(
        'turn_stopped',
        `The run of prompt ${prompt.id} was aborted on the OpenCode server before it said anything. Ask again.`,
        { cause: new Error(verdict.message) },
      )
    case 'send':
    case 'lost':
      return await runAgain({ run, asks }, prompt, verdict.next)
  }
}

async function runAgain(
  { run, asks }: Following,
  prompt: PromptRecord,
  reason: 'send' | 'lost',
): Promise<PromptRecord> {
  const { onServerLost, onAskLost, maxReruns } = run.setup.recovery
  const isLost = reason === 'lost'
  // A prompt that the server never stored was not run: sending it is no second run, only bounded like one.
  const isAllowed = !isLost || onServerLost === 'rerun'
  if (!isAllowed) throw serverLostTurn(prompt, lastWords(run))
  if (isLost && onAskLost === 'fail' && run.reply !== null && wasAsking(run.reply)) {
    throw questionLost(prompt)
  }
  // Each is for an answer of a person, so they need no other bound.
  const isFirst = isLost && !run.delivery.hasReturned
  const isOneTooMany = prompt.runs >= maxReruns
  if (isOneTooMany && !isFirst) throw serverLostTurn(prompt, lastWords(run))
  const question = isLost ? await returnToQuestion(run, prompt, asks) : 'none'
  if (question === 'stuck' && onAskLost !== 'rerun') throw questionLost(prompt)
  const isBack = question === 'back' && isFirst
  if (isOneTooMany && !isBack) throw serverLostTurn(prompt, lastWords(run))
  if (isBack) run.delivery.returned()
  if (isLost) run.usage.runLost()
  await run.lease.confirm(run.signal)
  const counted = isBack ? prompt : await countRerun(run, prompt)
  await submit(run, counted, { mayHaveArrived: false, isRerun: isLost })
  return counted
}

function questionLost(prompt: PromptRecord): TurnError {
  return serverLostTurn(
    prompt,
    new Error('It was lost while a person was asked; run again it would go on without the answer.'),
  )
}

function lastWords({ remarks }: TurnRun): Error | undefined {
  const words = remarks.sessionError?.message ?? remarks.lastWords
  return words === null ? undefined : new Error(words)
}

/** Polls beside the loop, one at a time. */
interface Polls {
  /** Starts a poll when one is due. */
  start(): void
  /**
   * What the last finished poll showed, once; null when there is nothing new.
   *
   * @throws the poll's error when it is final, or when the server has stayed away for too long.
   */
  take(): Evidence | null
  /** Aborts a session that is busy although the turn's messages have ended. */
  free(): Promise<void>
  nextAt(): number
  /** Waits for the poll under way, which must not reach into what comes next. */
  close(): Promise<void>
}

/** What the stream alone proves while no poll comes through: only if nothing of it was missed, and it said that all is over. */
function toldByStream({ reply, remarks, schedule }: TurnRun): Evidence | null {
  if (reply === null || !schedule.isStreamWhole() || reply.view().status !== 'idle') return null
  const outcome = reply.outcome({ sessionIdle: true })
  // Without an end the turn is only out of reach of its server.
  if (outcome.state !== 'completed' && outcome.state !== 'failed') return null
  return {
    status: 'idle',
    isPromptStored: true,
    outcome,
    ended: reply.outcome(),
    isFollowed: false,
    sessionError: remarks.sessionError,
    quietMs: 0,
    isFreed: false,
    isOutrun: false,
  }
}

function pollBeside(run: TurnRun, prompt: PromptRecord): Polls {
  const poller = createPoller(run, prompt)
  const { schedule } = run
  const { unreachableMs } = run.setup.budgets
  let polling: Promise<void> | null = null
  let finished: { readonly seen: Seen } | { readonly error: unknown } | null = null
  let isFreed = false

  const poll = async (): Promise<void> => {
    try {
      finished = { seen: await poller.poll() }
    } catch (error) {
      finished = { error }
    } finally {
      polling = null
      run.wakeup.wake()
    }
  }

  const fail = (error: unknown): Evidence | null => {
    run.signal.throwIfAborted()
    if (isSessionGone(error) || !isPassing(error)) throw error
    run.setup.report(error, 'poll')
    schedule.failed()
    const told = schedule.unreachableMs() >= run.setup.timing.graceMs ? toldByStream(run) : null
    if (told !== null) return told
    if (schedule.unreachableMs() >= unreachableMs) throw unreachable(unreachableMs, error)
    return null
  }

  return {
    start() {
      if (polling !== null || finished !== null) return
      if (run.setup.clock.now() >= schedule.nextAt()) polling = poll()
    },
    take() {
      const last = finished
      finished = null
      if (last === null) return null
      return 'error' in last ? fail(last.error) : { ...last.seen, isFreed }
    },
    async free() {
      isFreed = true
      await run.lease.confirm(run.signal)
      try {
        await run.server.client.session.abort(prompt.sessionId, requestLimits(run))
      } catch (error) {
        fail(error)
      }
      schedule.hint()
    },
    nextAt: () => (polling === null ? schedule.nextAt() : Infinity),
    async close() {
      await polling
    },
  }
}
