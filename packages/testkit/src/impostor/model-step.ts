import { attemptAt, type Attempt, type AttemptEnd } from '../script/plan.js'
import type { Usage } from '../script/steps.js'
import { MessageFailure, apiError, isRetried, retryDelayMs } from './provider-failure.js'
import type { MessageRecord, SessionRecord, TokenCounts } from './records.js'
import { createSpeech, type Speech } from './saying.js'
import { finishTool, interruptTool, type ToolCall } from './tool-run.js'
import type { ToolContext } from './tools/tool-context.js'
import {
  putMessage,
  putPart,
  setStatus,
  tellError,
  type PlannedAnswer,
  type World,
} from './world.js'

/** One step of the agent: a model call with its attempts, and the tools it asks for. */
export interface ModelStep {
  readonly world: World
  readonly session: SessionRecord
  readonly message: MessageRecord
  readonly answer: PlannedAnswer
  /** Which call of the answer it is. */
  readonly index: number
  readonly signal: AbortSignal
  readonly toolContext: Omit<ToolContext, 'isOver'>
  /** Paths that tools changed in this step. */
  readonly changed: ReadonlySet<string>
}

const maxRetries = 5

/** What storing says when the session was deleted in the middle of its turn; the real text holds the whole query. */
const storeFailure = {
  name: 'UnknownError',
  data: { message: 'Failed query: insert into "part" (…): FOREIGN KEY constraint failed' },
}

/** Plays the step. `continue` means that the model is to be called again, `stop` that the turn is over. */
export async function playModelStep(step: ModelStep): Promise<'continue' | 'stop'> {
  const { world, answer, index } = step
  const call = answer.calls[index] ?? { attempts: [] }
  for (let retries = 0; ; retries += 1) {
    const tried = answer.attempts.get(index) ?? 0
    answer.attempts.set(index, tried + 1)
    const attempt: Attempt = call.attempts.length === 0 ? silentAttempt : attemptAt(call, tried)
    const end = await playAttempt(step, attempt)
    if (end === 'continue' || end === 'stop') return end
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

async function playAttempt(
  step: ModelStep,
  attempt: Attempt,
): Promise<'continue' | 'stop' | RetryLater> {
  const { world, session, message } = step
  step.signal.throwIfAborted()
  if (attempt.end.kind === 'refused' && attempt.sayings.length === 0) return refused(attempt.end)
  const tools = createToolRunner(step)
  const speech = createSpeech(world, session, message, {
    signal: step.signal,
    onPause: () => tools.start(speech.calls),
    nextCallId: () => `call_${world.identity.hex(8)}_${speech.calls.length}`,
  })
  let hasStarted = false
  const start = (): void => {
    hasStarted = true
    putPart(world, session, { ...place(step), type: 'step-start', ...snapshotOf(step) })
  }
  try {
    if (attempt.sayings[0]?.kind === 'wait' || attempt.sayings[0]?.kind === 'gate') {
      await speech.play({ ...attempt, sayings: [attempt.sayings[0]] })
      start()
      await speech.play({ ...attempt, sayings: attempt.sayings.slice(1) })
    } else {
      start()
      await speech.play(attempt)
    }
    return await endAttempt(step, attempt, speech, tools)
  } catch (error) {
    if (step.signal.aborted && !tools.isOver()) {
      tools.stop()
      if (hasStarted) interrupt(step, speech, tools.context)
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
): Promise<'continue' | 'stop' | RetryLater> {
  const { end } = attempt
  const { world, session } = step
  if (end.kind === 'dropped') {
    const message = 'Connection reset by server'
    return { message, error: { name: 'UnknownError', data: { message } }, by: null }
  }
  if (end.kind === 'refused') return refused(end)
  if (end.kind === 'bad-frame') {
    speech.finish()
    throw new MessageFailure({
      name: 'UnknownError',
      data: {
        message:
          "JSON parsing failed: Text: {not json.\nError message: JSON Parse error: Expected '}'",
      },
    })
  }
  if (!world.sessions.has(session.info.id)) throw new MessageFailure(storeFailure)
  speech.finish()
  tools.start(speech.calls)
  const verdict = await tools.done(step.signal)
  finishStep(step, attempt, end.reason)
  if (end.reason === 'content_filter') {
    throw new MessageFailure({
      name: 'ContentFilterError',
      data: { message: 'Response blocked by content filter' },
    })
  }
  if (verdict === 'stop') return 'stop'
  return 'continue'
}

function finishStep(step: ModelStep, attempt: Attempt, reason: string): void {
  const { world, session, message } = step
  const tokens = tokensOf(attempt.usage)
  const cost = costOf(tokens, world)
  const finish =
    { content_filter: 'content-filter', tool_calls: 'tool-calls', none: 'unknown' }[reason] ??
    reason
  session.info = {
    ...session.info,
    cost: session.info.cost + cost,
    tokens: addTokens(session.info.tokens, tokens),
  }
  putPart(world, session, {
    ...place(step),
    type: 'step-finish',
    reason: finish,
    ...snapshotOf(step),
    tokens,
    cost,
  })
  putMessage(world, session, {
    ...message.info,
    cost: (message.info.cost ?? 0) + cost,
    tokens,
    finish,
  })
  if (world.settings.git && step.changed.size > 0) {
    const hash = world.identity.hex(40)
    putPart(world, session, { ...place(step), type: 'patch', hash, files: [...step.changed] })
  }
}

function place(step: ModelStep): { id: string; messageID: string; sessionID: string } {
  return {
    id: step.world.identity.id('prt'),
    messageID: step.message.info.id,
    sessionID: step.session.info.id,
  }
}

function snapshotOf(step: ModelStep): { snapshot?: string } {
  return step.world.settings.git ? { snapshot: '56fa27029dd709e9f20a642d68209cf12719f288' } : {}
}

interface ToolRunner {
  readonly context: ToolContext
  /** Starts the calls that do not run yet. */
  start(calls: readonly ToolCall[]): void
  /** Resolves when all have ended. */
  done(signal: AbortSignal): Promise<'continue' | 'stop'>
  /** From now on tools change nothing of the message. */
  stop(): void
  isOver(): boolean
}

function createToolRunner(step: ModelStep): ToolRunner {
  let isOver = false
  const life = step.world.life
  const running: Promise<'continue' | 'stop'>[] = []
  const context: ToolContext = {
    ...step.toolContext,
    isOver: () => isOver || step.world.life !== life,
  }
  return {
    context,
    start(calls) {
      for (const call of calls.slice(running.length)) {
        const ending = finishTool(call, context)
        // An abort leaves tools behind that nobody awaits any more.
        ending.catch(() => {})
        running.push(ending)
      }
    },
    async done(signal) {
      const all = Promise.all(running)
      const stopped = new Promise<never>((_resolve, reject) => {
        const onAbort = (): void => reject(signal.reason)
        signal.addEventListener('abort', onAbort, { once: true })
        const forget = (): void => signal.removeEventListener('abort', onAbort)
        all.then(forget, forget)
      })
      const verdicts = await Promise.race([all, stopped])
      return verdicts.includes('stop') ? 'stop' : 'continue'
    },
    stop() {
      isOver = true
    },
    isOver: () => isOver,
  }
}

/** An abort in the middle of a step: the error first, then what was open ends as it stands. */
function interrupt(step: ModelStep, speech: Speech, context: ToolContext): void {
  const { world, session } = step
  tellError(world, session, { name: 'MessageAbortedError', data: { message: 'Aborted' } })
  setStatus(world, session, { type: 'idle' })
  speech.finish()
  for (const call of speech.calls) interruptTool(call, context, call.tool === 'bash')
}

function tokensOf(usage: Usage): TokenCounts {
  return {
    total: usage.input + usage.output,
    input: usage.input - usage.cached,
    output: usage.output - usage.reasoning,
    reasoning: usage.reasoning,
    cache: { write: 0, read: usage.cached },
  }
}

function costOf(tokens: TokenCounts, world: World): number {
  const { input, output } = world.settings.price
  const dollars = tokens.input * input + (tokens.output + tokens.reasoning) * output
  return Math.round((dollars / 1_000_000) * 1e12) / 1e12
}

function addTokens(one: TokenCounts, other: TokenCounts): TokenCounts {
  return {
    input: one.input + other.input,
    output: one.output + other.output,
    reasoning: one.reasoning + other.reasoning,
    cache: {
      read: one.cache.read + other.cache.read,
      write: one.cache.write + other.cache.write,
    },
  }
}
