import { WireError } from '@turnstead/wire'
import { attendAsks, nextAskDeadline } from './asks.js'
import { exceededBudget, nextBudgetEnd } from './budgets.js'
import { serverLostTurn, TurnError } from './errors.js'
import { type Evidence, judge, type Verdict } from './evidence.js'
import { look } from './exchange.js'
import { Interrupted } from './interruption.js'
import { unreachable } from './patience.js'
import type { PromptRecord } from './ports.js'
import type { TurnRun } from './run.js'
import { saveSnapshot } from './snapshot.js'
import { countRerun, sendAgain } from './submit.js'

/** The proof that the turn ended, by the server's own messages. */
export type Proof = Extract<Verdict, { next: 'settle' }>['settled']

const idleLookMs = 500

/**
 * Follows the turn until its end is proven. Events only say when to look; what the look shows decides.
 *
 * @throws TurnError when the server lost the turn, refused it or stayed out of reach.
 */
export async function followToProof(run: TurnRun, sent: PromptRecord): Promise<Proof> {
  let prompt = sent
  let unreachableSince: number | null = null
  for (;;) {
    run.signal.throwIfAborted()
    await attendAsks(run)
    await saveSnapshot(run)
    checkBudgets(run)
    if (isLookDue(run, unreachableSince !== null)) {
      const evidence = await tryLook(run, prompt)
      unreachableSince = evidence === null ? (unreachableSince ?? run.setup.clock.now()) : null
      checkReach(run, unreachableSince)
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
    return await look(run, prompt)
  } catch (error) {
    run.signal.throwIfAborted()
    if (!WireError.is(error) || !error.retryable) throw error
    run.setup.report(error, 'poll')
    run.hasGap = true
    run.lookedAt = run.setup.clock.now()
    run.isLookDue = false
    return null
  }
}

function isLookDue(run: TurnRun, isUnreachable: boolean): boolean {
  return run.isLookDue || run.setup.clock.now() >= nextLookAt(run, isUnreachable)
}

function nextLookAt(run: TurnRun, isUnreachable = false): number {
  const everyMs = run.idleSince !== null || isUnreachable ? idleLookMs : run.setup.pollMs
  return Math.max(run.lookedAt, run.heardAt) + Math.min(everyMs, run.setup.pollMs)
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
}

function checkReach(run: TurnRun, since: number | null): void {
  const { budgets, clock } = run.setup
  if (since !== null && clock.now() - since >= budgets.unreachableMs) {
    throw unreachable(budgets.unreachableMs, undefined)
  }
}
