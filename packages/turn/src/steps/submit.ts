import type { SendVerdict } from '@turnstead/wire'
import { serverLostTurn, TurnError, unreachable } from '../errors.js'
import { type Prompt, toBody, toParts } from '../prompt.js'
import type { PromptRecord } from '../ports.js'
import { Interrupted } from '../run/interruption.js'
import { LeaseInDoubt } from '../run/lease-keeper.js'
import { isPassing } from '../run/passing.js'
import { withRetry } from '../run/retry.js'
import { startReply, type TurnRun } from '../run/run.js'

/**
 * The prompt of this turn for this session: the stored one, or a new one that is stored before it is sent. A prompt id of
 * another session is never reused: the server would write into that session.
 *
 * @throws TurnError `prompt_rejected` when neither the caller nor the row has the prompt.
 */
export async function choosePrompt(
  run: TurnRun,
  sessionId: string,
  isRecreated: boolean,
): Promise<PromptRecord> {
  const earlier = run.delivery.prompt
  if (earlier !== null && earlier.sessionId === sessionId) return earlier
  const { ids } = run.setup
  const input = requireInput(run)
  if (run.reply !== null) run.usage.carryOver(run.reply.result())
  const chosen: PromptRecord = {
    id: ids.messageId(),
    sessionId,
    partIds: toParts(input).map(() => ids.partId()),
    runs: earlier?.runs ?? 0,
    sessionRecreated: isRecreated || (earlier?.sessionRecreated ?? false),
  }
  await store(run, chosen)
  run.delivery.chosen(chosen)
  startReply(run, chosen)
  return chosen
}

/** Counts one more run of the same prompt, before it is sent again. */
export async function countRerun(run: TurnRun, prompt: PromptRecord): Promise<PromptRecord> {
  const next = { ...prompt, runs: prompt.runs + 1 }
  await store(run, next)
  run.delivery.recorded(next)
  return next
}

/** The run of the prompt went with its session, which is back without it: it is run again. */
export async function countLostRun(run: TurnRun): Promise<void> {
  const { prompt } = run.delivery
  if (prompt === null) return
  run.usage.runLost()
  await countRerun(run, prompt)
}

/** How a prompt is sent. */
export interface Submission {
  /** An earlier process may have sent it: the server is asked first. */
  readonly mayHaveArrived: boolean
  /** The server has it and lost its run. */
  readonly isRerun: boolean
}

/**
 * Sends the prompt at most once per run of it. `wire` looks before it sends again, so a send of unknown fate stays one prompt;
 * right before each request it is made sure that the conversation is still held.
 *
 * @throws TurnError `prompt_rejected` when the server refuses it, `server_unreachable` when it stays away.
 */
export async function submit(
  run: TurnRun,
  prompt: PromptRecord,
  { mayHaveArrived, isRerun }: Submission,
): Promise<void> {
  const { budgets, report } = run.setup
  let verdict: SendVerdict
  for (let isLooking = mayHaveArrived; ; isLooking = true) {
    await run.lease.confirm(run.signal)
    if (run.delivery.isStopped) throw serverLostTurn(prompt)
    run.delivery.sending()
    run.usage.sending()
    try {
      verdict = await run.server.client.prompt.send(
        prompt.sessionId,
        toBody(withAgent(run, requireInput(run)), prompt),
        {
          mayBeSent: isLooking && !isRerun,
          rerun: isRerun,
          giveUpAfterMs: budgets.unreachableMs,
          timeoutMs: budgets.requestMs,
          signal: run.signal,
          beforeTry: () => run.lease.assertHeld(),
          onTry: (error) => report(error, 'send'),
        },
      )
      break
    } catch (error) {
      // The process was paused right before a request: the store knows whether it may still be sent.
      if (!(error instanceof LeaseInDoubt)) throw asRefusal(run, error)
    }
  }
  if (verdict.delivered === 'yes') {
    markSent(run)
    if (!mayHaveArrived) run.delivery.atWork()
    return
  }
  if (verdict.delivered === 'no') run.delivery.notTaken()
  throw failureOf(verdict, budgets.unreachableMs)
}

function failureOf({ error, evidence }: SendVerdict, limitMs: number): unknown {
  if (error === null || isPassing(error)) return unreachable(limitMs, error)
  if (evidence !== 'refused') return error
  const isInput = error.code === 'bad_request' || error.code === 'conflict'
  return isInput ? rejected(error) : error
}

/** What the client itself refuses to send was never on its way. */
function asRefusal(run: TurnRun, error: unknown): unknown {
  if (!(error instanceof TypeError)) return error
  run.delivery.notTaken()
  return rejected(error)
}

async function store(run: TurnRun, prompt: PromptRecord): Promise<void> {
  const isRecorded = await withRetry(run.setup, {
    step: 'prompt',
    signal: run.signal,
    attempt: () => run.setup.store.recordPrompt(run.lease.lease, prompt, run.usage.earlier),
  })
  if (isRecorded) return
  // Cancelled, settled, or lost: the store says which.
  await run.lease.ask()
  run.signal.throwIfAborted()
  throw new Interrupted({ kind: 'lease_lost' })
}

function markSent(run: TurnRun): void {
  run.delivery.arrived()
  run.usage.sent()
  run.schedule.sent()
  run.remarks.forget()
}

function requireInput(run: TurnRun): Prompt {
  const { input, inputProblem } = run
  if (input !== null) return input
  if (inputProblem !== null) {
    throw new TurnError(
      'prompt_rejected',
      `What the row of turn ${String(run.setup.turnId)} asks is no prompt: ${inputProblem}. Write JSON such as {"text":"…"}.`,
    )
  }
  throw new TurnError(
    'prompt_rejected',
    `Neither the call nor the row of turn ${String(run.setup.turnId)} has a prompt: give \`prompt\` to runTurn, or write JSON such as {"text":"…"} as the input of the row.`,
  )
}

function rejected(cause: unknown): TurnError {
  return new TurnError(
    'prompt_rejected',
    'The prompt was refused, by the OpenCode server or by its client; see the cause and correct the prompt.',
    { cause },
  )
}

/** The server forgets an agent between prompts, so each names it. */
function withAgent({ setup }: TurnRun, input: Prompt): Prompt {
  const { agent } = setup.session
  return agent === undefined ? input : { agent, ...input }
}
