import { attemptAt, type Attempt, type AttemptEnd, type Saying } from '../../script/plan.js'
import {
  MessageFailure,
  apiError,
  brokenOff,
  isRetried,
  retryDelayMs,
  storeFailure,
} from './provider-failure.js'
import { createSpeech, type Speech } from './saying.js'
import { processDied } from '../state/process-died.js'
import { filterContent, finishStep, place, snapshotOf } from './finish-step.js'
import type { ModelStep } from './step.js'
import { interruptTool } from './tool-run.js'
import { createToolRunner, type ToolRunner } from './tool-runner.js'
import { permit } from '../tools/permit.js'
import { type ToolCall, type ToolContext, ToolFailure } from '../tools/tool-context.js'
import { putPart, setStatus, tellError, type World } from '../state/world.js'

const maxRetries = 5

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
  const tools = createToolRunner(step.toolContext)
  const speech = createSpeech(world, session, message, {
    signal: step.signal,
    onPause: () => tools.start(speech.calls),
    onRepeat: (call) =>
      permitRepeat(call, tools.context, () => {
        tools.stop()
        speech.finish()
        for (const each of speech.calls) interruptTool(each, tools.context)
      }),
    nextCallId: () => `call_${world.identity.hex(8)}_${speech.calls.length}`,
  })
  if (attempt.end.kind === 'refused' && !attempt.sayings.some(isHeard)) {
    await speech.play(attempt)
    return refused(attempt.end)
  }
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

/** A person decides whether the agent may do the same for the third time; an abort does so as well. */
async function permitRepeat(
  call: ToolCall,
  context: ToolContext,
  breakOff: () => void,
): Promise<void> {
  const { signal } = context
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  const { input, tool } = call
  const wish = { permission: 'doom_loop', patterns: [tool], always: [tool] }
  // What the script makes this call ask for is another matter.
  const { ask: _ask, ...step } = call.step
  const allowed = permit({ ...call, step }, context, { ...wish, metadata: { tool, input } })
  try {
    await Promise.race([allowed, aborted])
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error
    const { message } = error
    throw new MessageFailure({ name: 'UnknownError', data: { message } }, breakOff)
  }
}

/** Whether anything of an answer has come by then. */
function isHeard({ kind }: Saying): boolean {
  return kind !== 'wait' && kind !== 'gate'
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
  if (end.kind === 'refused') {
    const error = brokenOff(end.by)
    if (!isRetried(end.by.status)) throw new MessageFailure(error, () => speech.finish())
    return { message: error.data.message, error, by: end.by }
  }
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

/** An abort in the middle of a step: the error first, then what was open ends as it is. */
function interrupt(step: ModelStep, speech: Speech, context: ToolContext): void {
  const { world, session } = step
  tellError(world, session, { name: 'MessageAbortedError', data: { message: 'Aborted' } })
  setStatus(world, session, { type: 'idle' })
  speech.finish()
  for (const call of speech.calls) interruptTool(call, context)
}
