import { attemptAt, type Attempt, type AttemptEnd } from '../../script/plan.js'
import { MessageFailure, apiError, isRetried, retryDelayMs } from './provider-failure.js'
import { createSpeech, type Speech } from './saying.js'
import { processDied } from '../state/process-died.js'
import { filterContent, finishStep, place, snapshotOf } from './finish-step.js'
import type { ModelStep } from './step.js'
import { interruptTool } from './tool-run.js'
import { createToolRunner, type ToolRunner } from './tool-runner.js'
import type { ToolContext } from '../tools/tool-context.js'
import { putPart, setStatus, tellError, type World } from '../state/world.js'

const maxRetries = 5

/** What storing says when the session was deleted in the middle of its turn; the real text holds the whole query. */
const storeFailure = {
  name: 'UnknownError',
  data: { message: 'Failed query: insert into "part" (…): FOREIGN KEY constraint failed' },
}

/** `continue`: the model may be called again; `stop`: a person refused; `over`: the turn has ended already. */
export type StepVerdict = 'continue' | 'stop' | 'over'

const badFrameError = {
  name: 'UnknownError',
  data: {
    message: "JSON parsing failed: Text: {not json.\nError message: JSON Parse error: Expected '}'",
  },
}

/** Plays the step to its end. */
export async function playModelStep(step: ModelStep): Promise<StepVerdict> {
  const { world, answer, index } = step
  const call = answer.calls[index] ?? { attempts: [] }
  for (let retries = 0; ; retries += 1) {
    const tried = answer.attempts.get(index) ?? 0
    answer.attempts.set(index, tried + 1)
    const attempt: Attempt = call.attempts.length === 0 ? silentAttempt : attemptAt(call, tried)
    const end = await playAttempt(step, attempt)
    if (typeof end === 'string') return end
    if (retries >= maxRetries) throw new MessageFailure(end.error)
    await waitToRetry(world, step, end, retries + 1)
  }
}

const silentAttempt: Attempt = {
  sayings: [],
  end: { kind: 'finish', reason: 'stop' },
  usage: { input: 100, output: 20, reasoning: 0, cached: 0 },
}

interface RetryLater {
  readonly message: string
  readonly error: Record<string, unknown>
  readonly by: Extract<AttemptEnd, { kind: 'refused' }>['by'] | null
}

async function waitToRetry(
  world: World,
  step: ModelStep,
  end: RetryLater,
  attempt: number,
): Promise<void> {
  const delayMs = retryDelayMs(end.by, attempt)
  const next = world.identity.stamp() + delayMs
  setStatus(world, step.session, { type: 'retry', attempt, message: end.message, next })
  await world.clock.sleep(delayMs, { signal: step.signal })
  setStatus(world, step.session, { type: 'busy' })
}

async function playAttempt(step: ModelStep, attempt: Attempt): Promise<StepVerdict | RetryLater> {
  const { world, session, message } = step
  step.signal.throwIfAborted()
  if (attempt.end.kind === 'refused' && attempt.sayings.length === 0) return refused(attempt.end)
  const tools = createToolRunner(step.toolContext)
  const speech = createSpeech(world, session, message, {
    signal: step.signal,
    onPause: () => tools.start(speech.calls),
    nextCallId: () => `call_${world.identity.hex(8)}_${speech.calls.length}`,
  })
  putPart(world, session, { ...place(step), type: 'step-start', ...snapshotOf(step) })
  try {
    await speech.play(attempt)
    return await endAttempt(step, attempt, speech, tools)
  } catch (error) {
    if (step.signal.aborted && !tools.isOver()) {
      tools.stop()
      if (step.signal.reason !== processDied) interrupt(step, speech, tools.context)
    }
    throw error
  }
}

function refused(end: Extract<AttemptEnd, { kind: 'refused' }>): RetryLater {
  if (!isRetried(end.by.status)) throw new MessageFailure(apiError(end.by))
  return { message: end.by.message, error: apiError(end.by), by: end.by }
}

async function endAttempt(
  step: ModelStep,
  attempt: Attempt,
  speech: Speech,
  tools: ToolRunner,
): Promise<StepVerdict | RetryLater> {
  const { end } = attempt
  const { world, session } = step
  if (end.kind === 'dropped') {
    const message = 'Connection reset by server'
    return { message, error: { name: 'UnknownError', data: { message } }, by: null }
  }
  if (end.kind === 'refused') return refused(end)
  if (end.kind === 'bad-frame') {
    throw new MessageFailure(badFrameError, () => speech.finish())
  }
  if (!world.sessions.has(session.info.id)) throw new MessageFailure(storeFailure)
  speech.finish()
  tools.start(speech.calls)
  const verdict = await tools.done(step.signal)
  if (end.reason === 'content_filter') return filterContent(step, attempt)
  finishStep(step, attempt, end.reason)
  if (verdict === 'stop') return 'stop'
  return 'continue'
}

/** An abort in the middle of a step: the error first, then what was open ends as it stands. */
function interrupt(step: ModelStep, speech: Speech, context: ToolContext): void {
  const { world, session } = step
  tellError(world, session, { name: 'MessageAbortedError', data: { message: 'Aborted' } })
  setStatus(world, session, { type: 'idle' })
  speech.finish()
  for (const call of speech.calls) interruptTool(call, context)
}
