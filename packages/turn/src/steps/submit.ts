import { type PromptBody, WireError } from '@turnstead/wire'
import { serverLostTurn, TurnError } from '../errors.js'
import { isStored } from '../poll/poll.js'
import { Interrupted } from '../run/interruption.js'
import type { Prompt, PromptPart } from '../options.js'
import { patiently } from '../run/retry.js'
import type { PromptRecord } from '../ports.js'
import { requestLimits, startReply, type TurnRun } from '../run/run.js'
import { whyRefused } from './snapshot.js'

/**
 * The prompt of this turn for this session: the stored one, or a new one that is stored before anybody
 * sends it. A prompt id of another session is never reused: the server would write into that session.
 *
 * @throws TurnError `server_lost_turn` when it may have run in another session and may not run again.
 */
export async function choosePrompt(run: TurnRun, sessionId: string): Promise<PromptRecord> {
  const { ids, prompt: input } = run.setup
  const earlier = run.prompt
  if (earlier !== null && earlier.sessionId === sessionId) return earlier
  assertMayRunAgain(run)
  const isRerun = earlier !== null && run.delivery !== 'none'
  const chosen: PromptRecord = {
    id: ids.messageId(),
    sessionId,
    partIds: toParts(input).map(() => ids.partId()),
    runs: (earlier?.runs ?? 0) + (isRerun ? 1 : 0),
  }
  await store(run, chosen)
  run.delivery = 'none'
  startReply(run, chosen)
  return chosen
}

/** @throws TurnError `server_lost_turn` when the prompt may have run and may not run again. */
export function assertMayRunAgain({ prompt, delivery, setup }: TurnRun): void {
  if (prompt === null || delivery === 'none') return
  const isAllowed = setup.onServerLost === 'rerun' && prompt.runs < setup.maxReruns
  if (!isAllowed) throw serverLostTurn(prompt)
}

/** Counts one more run of the same prompt, before it is sent again. */
export async function countRerun(run: TurnRun, prompt: PromptRecord): Promise<PromptRecord> {
  const next = { ...prompt, runs: prompt.runs + 1 }
  await store(run, next)
  return next
}

/**
 * Sends the prompt at most once per run of it. A prompt that an earlier process chose may have arrived: then
 * the server is looked at first. The ids make one more send of the same prompt harmless (measured), so a
 * send whose fate is unknown is looked for and, if it is not there, sent again.
 */
export async function submit(
  run: TurnRun,
  prompt: PromptRecord,
  options: { readonly mayHaveArrived: boolean },
): Promise<void> {
  let mayHaveArrived = options.mayHaveArrived
  await patiently(run, 'send', async () => {
    if (mayHaveArrived && (await isStored(run, prompt, requestLimits(run)))) return
    try {
      await send(run, prompt)
    } catch (error) {
      if (WireError.is(error) && error.delivered !== 'no') mayHaveArrived = true
      throw isRefusal(error) ? rejected(error) : error
    }
  })
  markSent(run)
}

/** Until the server has answered, nobody knows whether it has the prompt: also when the turn is broken off. */
async function send(run: TurnRun, prompt: PromptRecord): Promise<void> {
  const before = run.delivery
  run.delivery = 'unknown'
  run.sendBeganAt ??= run.setup.clock.now()
  try {
    await run.setup.client.session.promptAsync(
      prompt.sessionId,
      toBody(run.setup.prompt, prompt),
      requestLimits(run),
    )
  } catch (error) {
    if (wasNotTaken(error)) run.delivery = before
    throw error
  }
}

/** Sends the same prompt again on purpose: the server lost the run and runs it anew. */
export async function sendAgain(run: TurnRun, prompt: PromptRecord): Promise<void> {
  await submit(run, prompt, { mayHaveArrived: false })
}

async function store(run: TurnRun, prompt: PromptRecord): Promise<void> {
  const isRecorded = await patiently(run, 'prompt', () =>
    run.setup.store.recordPrompt(run.lease, prompt),
  )
  if (!isRecorded) throw new Interrupted((await whyRefused(run)) ?? { kind: 'lease_lost' })
  run.prompt = prompt
}

function markSent(run: TurnRun): void {
  const now = run.setup.clock.now()
  run.delivery = 'sent'
  run.usage.sentAt = now
  run.usage.retryingSince = null
  run.usage.progressAt = now
  run.heardAt = now
  run.idleSince = null
  run.sessionError = null
}

function wasNotTaken(error: unknown): boolean {
  if (!WireError.is(error)) return false
  return error.delivered === 'no' || error.code === 'session_not_found' || isRefusal(error)
}

function isRefusal(error: unknown): boolean {
  return WireError.is(error) && (error.code === 'bad_request' || error.code === 'conflict')
}

function rejected(cause: unknown): TurnError {
  return new TurnError(
    'prompt_rejected',
    'The OpenCode server refused the prompt; see the cause and correct the prompt.',
    { cause },
  )
}

function toParts(prompt: Prompt): readonly PromptPart[] {
  const text: PromptPart[] = prompt.text ? [{ type: 'text', text: prompt.text }] : []
  return [...text, ...(prompt.parts ?? [])]
}

function toBody(input: Prompt, prompt: PromptRecord): PromptBody {
  const { text: _text, parts: _parts, ...options } = input
  const parts = toParts(input).map((part, index) => {
    const id = prompt.partIds[index]
    return id === undefined ? part : { ...part, id }
  })
  return { ...options, messageID: prompt.id, parts }
}
