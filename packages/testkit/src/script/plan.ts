import type {
  GateStep,
  ProviderErrorStep,
  Reply,
  RetryStep,
  Step,
  TextStep,
  ToolStep,
  Usage,
  WaitStep,
} from './steps.js'

/** What a model says in one attempt, before it ends. */
export type Saying = TextStep | ToolStep | WaitStep | GateStep

/** How an attempt of a model call ends. */
export type AttemptEnd =
  | {
      readonly kind: 'finish'
      readonly reason: 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'none'
    }
  | { readonly kind: 'refused'; readonly by: RetryStep | ProviderErrorStep }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'bad-frame' }

/** One HTTP exchange with the model provider. */
export interface Attempt {
  readonly sayings: readonly Saying[]
  readonly end: AttemptEnd
  readonly usage: Usage
}

/** One step of the agent: attempts in order, the last of which is repeated when asked again. */
export interface ModelCall {
  readonly attempts: readonly Attempt[]
}

const defaultUsage: Usage = { input: 100, output: 20, reasoning: 0, cached: 0 }

/** Cuts a reply into the model calls that the server makes for it. The same plan drives Impostor and the scripted model. */
export function planCalls(reply: Reply): readonly ModelCall[] {
  const calls: ModelCall[] = []
  let attempts: Attempt[] = []
  let sayings: Saying[] = []
  let usage = defaultUsage
  let reason: Extract<AttemptEnd, { kind: 'finish' }>['reason'] | null = null

  const hasTools = (): boolean => sayings.some((saying) => saying.kind === 'tool')
  const endAttempt = (end: AttemptEnd): void => {
    attempts.push({ sayings, end, usage })
    sayings = []
  }
  const finishAttempt = (): void => {
    endAttempt({ kind: 'finish', reason: reason ?? (hasTools() ? 'tool_calls' : 'stop') })
    reason = null
  }
  const endCall = (): void => {
    finishAttempt()
    closeCall()
  }
  const closeCall = (): void => {
    calls.push({ attempts })
    attempts = []
    usage = defaultUsage
  }
  const startsNext = (step: Step): boolean =>
    step.kind !== 'again' &&
    (reason !== null ||
      (hasTools() && step.kind !== 'tool' && step.kind !== 'finish' && step.kind !== 'usage'))

  for (const step of reply.steps) {
    if (startsNext(step) && step.kind !== 'usage') endCall()
    switch (step.kind) {
      case 'retry':
        for (let time = 0; time < step.times; time += 1) endAttempt({ kind: 'refused', by: step })
        break
      case 'provider-error':
        endAttempt({ kind: 'refused', by: step })
        closeCall()
        break
      case 'drop':
        endAttempt({ kind: 'dropped' })
        break
      case 'bad-frame':
        endAttempt({ kind: 'bad-frame' })
        closeCall()
        break
      case 'again':
        finishAttempt()
        break
      case 'usage':
        usage = step.usage
        break
      case 'finish':
        reason = step.reason
        break
      default:
        sayings.push(step)
    }
  }
  if (sayings.length > 0 || attempts.length > 0 || reason !== null || calls.length === 0) endCall()
  return calls
}

/** The call at `index`; after the last one a model has nothing more to say. */
export function callAt(calls: readonly ModelCall[], index: number): ModelCall {
  return (
    calls[index] ?? {
      attempts: [{ sayings: [], end: { kind: 'finish', reason: 'stop' }, usage: defaultUsage }],
    }
  )
}

/** The attempt at `index`; the last one is used for all later ones. */
export function attemptAt(call: ModelCall, index: number): Attempt {
  const attempt = call.attempts[Math.min(index, call.attempts.length - 1)]
  if (!attempt) throw new TypeError('a model call has at least one attempt')
  return attempt
}

/** Every sub-agent answer in a reply, by the prompt that asks for it, nested ones included. */
export function childReplies(
  reply: Reply,
): readonly { readonly prompt: string; readonly reply: Reply }[] {
  return reply.steps.flatMap((step) => {
    if (step.kind !== 'tool' || !step.reply || typeof step.input === 'string') return []
    const child = { prompt: String(step.input['prompt'] ?? ''), reply: step.reply }
    return [child, ...childReplies(step.reply)]
  })
}
