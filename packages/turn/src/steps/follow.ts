import { attendAsks, nextAskDeadline } from './attend-asks.js'
import { exceededBudget, nextBudgetEnd } from '../budgets.js'
import { serverLostTurn, TurnError } from '../errors.js'
import { type Evidence, judge, type Verdict } from '../poll/evidence.js'
import { look } from '../poll/poll.js'
import { Interrupted } from '../run/interruption.js'
import { isPassingAtWork, unreachable } from '../run/retry.js'
import type { PromptRecord } from '../ports.js'
import type { TurnRun } from '../run/run.js'
import { saveSnapshot } from './snapshot.js'
import { countRerun, sendAgain } from './submit.js'

/** The proof that the turn ended, by the server's own messages. */
export type Proof = Extract<Verdict, { next: 'settle' }>['settled']

/** Between two looks while the end, or the server, is about to show itself. */
const closeLookMs = 500

/**
 * Follows the turn until its end is proven. Events only say when to look; what the look shows decides.
 *
 * @throws TurnError when the server lost the turn, refused it or stayed out of reach.
 */
export async function followToProof(run: TurnRun, sent: PromptRecord): Promise<Proof> {
  let prompt = sent
  for (;;) {
    run.signal.throwIfAborted()
    await attendAsks(run)
    await saveSnapshot(run)
    checkBudgets(run)
    if (run.isLookDue || run.setup.clock.now() >= nextLookAt(run)) {
      const evidence = await tryLook(run, prompt)
      const verdict = evidence === null ? wait : judge(evidence, run.setup.graceMs)
      if (verdict.next === 'settle') return verdict.settled
      prompt = await act(run, prompt, verdict)
    }
    await run.alarm.wait(msToNextDuty(run), run.signal)
  }
}

const wait: Verdict = { next: 'wait' }

/** Carries out what the evidence calls for, short of the end. */
async function act(run: TurnRun, prompt: PromptRecord, verdict: Verdict): Promise<PromptRecord> {
  if (verdict.next === 'refused') {
    throw new TurnError(
      'prompt_rejected',
      `The OpenCode server ended the prompt ${prompt.id} without an answer: ${verdict.name}. Check its agent and model.`,
      { cause: new Error(verdict.message) },
    )
  }
  if (verdict.next === 'send' || verdict.next === 'lost') {
    const { onServerLost, maxReruns } = run.setup
    // A prompt that the server never stored was not run: sending it is no second run, only bounded like one.
    const isAllowed = verdict.next === 'send' || onServerLost === 'rerun'
    if (!isAllowed || prompt.runs >= maxReruns) throw serverLostTurn(prompt)
    const counted = await countRerun(run, prompt)
    await sendAgain(run, counted)
    return counted
  }
  return prompt
}

async function tryLook(run: TurnRun, prompt: PromptRecord): Promise<Evidence | null> {
  try {
    const evidence = await look(run, prompt)
    run.unreachableSince = null
    return evidence
  } catch (error) {
    run.signal.throwIfAborted()
    if (!isPassingAtWork(error)) throw error
    run.setup.report(error, 'poll')
    run.hasGap = true
    run.idleSince = null
    run.lookedAt = run.setup.clock.now()
    run.unreachableSince ??= run.lookedAt
    run.isLookDue = false
    return null
  }
}

function nextLookAt(run: TurnRun): number {
  const { pollMs } = run.setup
  const isClose = run.idleSince !== null || run.unreachableSince !== null
  return Math.max(run.lookedAt, run.heardAt) + (isClose ? Math.min(closeLookMs, pollMs) : pollMs)
}

function msToNextDuty(run: TurnRun): number {
  const { budgets, clock, snapshotMs } = run.setup
  const now = clock.now()
  const duties = [
    nextLookAt(run),
    nextBudgetEnd(budgets, run.usage, now),
    nextAskDeadline(run),
    run.savedAt + snapshotMs > now ? run.savedAt + snapshotMs : now + snapshotMs,
  ]
  return Math.max(0, Math.min(...duties) - now)
}

function checkBudgets(run: TurnRun): void {
  const exceeded = exceededBudget(run.setup.budgets, run.usage, run.setup.clock.now())
  if (exceeded !== null) throw new Interrupted({ kind: 'budget', exceeded })
  const { unreachableSince } = run
  const { unreachableMs } = run.setup.budgets
  if (unreachableSince !== null && run.lookedAt - unreachableSince >= unreachableMs) {
    throw unreachable(unreachableMs, undefined)
  }
}
