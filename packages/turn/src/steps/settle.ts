import { type Ask, createReply, type Reply } from '@turnstead/reply'
import { callOf } from '../poll/call-of.js'
import { type CompletedEnding, completedEnding, endingOf, type TurnEnding } from '../endings.js'
import { restoreError, TurnError, type TurnErrorDetails } from '../errors.js'
import { checkOutput } from '../output.js'
import type { Proof } from '../poll/evidence.js'
import { errorOfProof } from '../poll/proof-error.js'
import type { Settlement, TurnRecord } from '../ports.js'
import type { SessionFate } from '../ports/history.js'
import type { SettledTurn, StopReport, TurnResult } from '../result.js'
import { isPassing, isPassingInStore } from '../run/passing.js'
import { withRetry } from '../run/retry.js'
import type { TurnRun } from '../run/run.js'

/** How a turn ended, before it is written. */
export type Ending =
  | {
      readonly status: 'completed'
      readonly ending: CompletedEnding
      readonly finish: string | null
      readonly answeredBy: string | null
      /** The answer in the form that was asked for. */
      readonly output: unknown
    }
  | { readonly status: 'failed'; readonly error: TurnError }
  | { readonly status: 'cancelled' }

/** Why it was not written: another worker holds the row, or someone else ended it. */
export type Unwritten = 'lost' | 'settled'

/** What the proof means for the row: an ended assistant message is a success only if it answered. */
export async function toEnding(run: TurnRun, proof: Proof): Promise<Ending> {
  if (proof.state === 'failed') return { status: 'failed', error: errorOfProof(proof) }
  if (proof.rejected) {
    return failed('ask_rejected', 'The turn stopped because a request of the agent was rejected.')
  }
  const isSteered = run.others.turnOf(proof.answeredBy) !== null
  if (isSteered) {
    const { finish, answeredBy } = proof
    const output = run.reply?.result().structured ?? null
    return { status: 'completed', ending: 'steered', finish, answeredBy, output }
  }
  if (answerOf(run, proof.finish) === 'empty' && run.setup.recovery.emptyReply === 'fail') {
    return failed('empty_reply', 'The agent ended without saying or doing anything. Ask again.')
  }
  const { finish, answeredBy } = proof
  const output = await outputOf(run, run.reply?.result().structured ?? null)
  if (!output.isValid) return output.failure
  const ending = answerOf(run, finish)
  return { status: 'completed', ending, finish, answeredBy, output: output.value }
}

async function outputOf(
  { setup }: TurnRun,
  structured: unknown,
): Promise<{ isValid: true; value: unknown } | { isValid: false; failure: Ending }> {
  if (setup.output === null) return { isValid: true, value: structured }
  const checked = await checkOutput(setup.output, structured)
  if (checked.isValid) return checked
  // The problems may quote the answer: they are the cause, not the message.
  const cause = new Error(checked.problems.join('; '))
  const message =
    'The answer does not have the form that was asked for; the cause says where. Ask again.'
  return { isValid: false, failure: failed('output_invalid', message, { cause }) }
}

function answerOf({ reply, delivery }: TurnRun, finish: string | null): CompletedEnding {
  if (reply === null) return 'empty'
  // Run again without the answer, since the server had lost the question.
  const isRerun = (delivery.prompt?.runs ?? 0) > 0
  const hasLostAsk = isRerun && reply.asks.some((ask) => isLostIn(reply, ask))
  return completedEnding({ ...reply.result(), finish, hasLostAsk })
}

/** The agent saw its call interrupted: of a run that went back to its question nothing of the call is left. */
function isLostIn(reply: Reply, ask: Ask): boolean {
  if (ask.state !== 'expired') return false
  return ask.callId === null || callOf(reply, ask) !== null
}

/**
 * The one terminal write. When the user's cancel came first it wins: the row stays cancelled and only the
 * partial reply is added.
 *
 * @returns how the row ended.
 * @throws the store's error when it stays away: then the turn has to be run again.
 */
export async function writeEnding(run: TurnRun, ending: Ending): Promise<Ending | Unwritten> {
  const { store } = run.setup
  const { lease } = run.lease
  run.reply?.close()
  run.lease.settling()
  const settlement = toSettlement(run, ending)
  const isSettled = await write(run, settlement, (fields) => store.settle(lease, fields))
  if (isSettled) return ending
  const turn = await withRetry(run.setup, {
    step: 'settle',
    attempt: () => store.read(lease.turnId),
  })
  if (turn?.status !== 'cancelled') {
    if (turn === null || turn.status === 'running' || !(await isHeld(run))) return 'lost'
    // An attempt whose answer was lost had taken effect, if the row is still this run's.
    return turn.status === ending.status ? ending : 'settled'
  }
  const isKept = await write(run, settlement, (fields) => store.keepPartial(lease, fields))
  return isKept ? { status: 'cancelled' } : 'lost'
}

/** Keeps the partial reply of a turn whose row was cancelled while no worker ran it. */
export async function keepPartial(run: TurnRun): Promise<boolean> {
  run.reply?.close()
  const settlement = toSettlement(run, { status: 'cancelled' })
  return await write(run, settlement, (fields) =>
    run.setup.store.keepPartial(run.lease.lease, fields),
  )
}

/** A store may refuse for good what the agent wrote; the end of the turn is written all the same, without it. */
async function write(
  run: TurnRun,
  settlement: Settlement,
  attempt: (settlement: Settlement) => Promise<boolean>,
): Promise<boolean> {
  const { setup } = run
  try {
    return await withRetry(setup, { step: 'settle', attempt: () => attempt(settlement) })
  } catch (error) {
    if (isPassing(error) || isPassingInStore(error)) throw error
    setup.report(error, 'settle')
    const reason = settlement.reason ?? 'reply_not_stored'
    const bare = { ...settlement, reply: null, text: '', reasoning: null, reason }
    return await withRetry(setup, { step: 'settle', attempt: () => attempt(bare) })
  }
}

async function isHeld(run: TurnRun): Promise<boolean> {
  const { setup } = run
  const { leaseMs } = setup.timing
  const renewal = await withRetry(setup, {
    step: 'settle',
    attempt: () => setup.store.renew(run.lease.lease, { leaseMs }),
  })
  return renewal.held
}

/** How a turn that is over had ended, by its row. */
export function storedEnding(turn: TurnRecord): Ending {
  const { status, error, finish } = turn
  if (status === 'completed') {
    return {
      status,
      ending: endingOf(turn) as CompletedEnding,
      finish,
      answeredBy: null,
      output: null,
    }
  }
  if (status !== 'failed') return { status: 'cancelled' }
  return { status, error: restoreError(error) }
}

/** What {@link TurnResult} says of a settled turn. */
export function toResult<Report>(
  run: TurnRun,
  ending: Ending,
  more: {
    readonly stop: StopReport | null
    readonly artifacts: Report | null
    readonly durationMs: number
  },
): TurnResult<Report> {
  const { usage, setup, delivery, others } = run
  const result = (run.reply ?? createReply({ sessionId: 'none', promptId: 'none' })).result()
  const settled: SettledTurn<Report> = {
    turnId: setup.turnId,
    ending: codeOf(ending),
    reply: result,
    cost: usage.total(result).cost,
    sessionRecreated: delivery.prompt?.sessionRecreated ?? false,
    session: fateOf(run, ending),
    durationMs: more.durationMs,
    timeToFirstTokenMs: usage.timeToFirstTokenMs,
    artifacts: more.artifacts,
    steered: others.steered,
    foreign: others.foreign,
    next: null,
  }
  if (ending.status === 'completed') return { ...settled, ...ending }
  return { ...settled, ...ending, stop: more.stop }
}

function fateOf({ delivery, sessionFate }: TurnRun, ending: Ending): SessionFate {
  const code = ending.status === 'failed' ? ending.error.code : null
  if (code === 'session_lost' || code === 'session_not_restored') return 'lost'
  return delivery.prompt?.sessionRecreated === true ? 'replaced' : sessionFate
}

function toSettlement(run: TurnRun, ending: Ending): Settlement {
  const result = run.reply?.result() ?? null
  const { cost, tokens } = run.usage.total({
    cost: result?.cost ?? 0,
    tokens: result?.tokens ?? noTokens,
  })
  const error = ending.status === 'failed' ? ending.error : null
  return {
    status: ending.status,
    reason: reasonOf(ending),
    reply: run.reply,
    text: result?.text ?? '',
    reasoning: result?.reasoning ?? null,
    cost,
    tokens,
    error: error && {
      code: error.code,
      message: error.message,
      status: error.provider?.status ?? null,
      detail: error.provider?.message ?? null,
    },
    finish: ending.status === 'completed' ? ending.finish : null,
  }
}

/** Where the status alone does not say it. */
function reasonOf(ending: Ending): TurnEnding | null {
  const code = codeOf(ending)
  return code === 'answered' || code === 'cancelled' ? null : code
}

function codeOf(ending: Ending): TurnEnding {
  switch (ending.status) {
    case 'completed':
      return ending.ending
    case 'failed':
      return ending.error.code as TurnEnding
    case 'cancelled':
      return 'cancelled'
  }
}

const noTokens = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 }

function failed(
  code: TurnError['code'],
  message: string,
  details?: TurnErrorDetails,
): Ending & { status: 'failed' } {
  return { status: 'failed', error: new TurnError(code, message, details) }
}
