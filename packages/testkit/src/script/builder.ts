import { chunksOf, type Chunking } from './chunks.js'
import type {
  AgainStep,
  BadFrameStep,
  DropStep,
  FinishStep,
  GateStep,
  ProviderErrorStep,
  Reply,
  RetryStep,
  Step,
  TextStep,
  Usage,
  UsageStep,
  WaitStep,
} from './steps.js'

/** An answer made of steps. A tool call ends a model call; what follows it is said after the tool's result. */
export function reply(...steps: readonly (Step | readonly Step[])[]): Reply {
  const flat = steps.flat()
  if (flat.some((step) => typeof step === 'string')) {
    throw new TypeError("A text of a reply is a step: `reply(text('Hello.'))`.")
  }
  return { kind: 'reply', steps: flat }
}

/** Text of the answer. Default chunking: about one word a delta. */
export function text(content: string, options: Chunking = {}): TextStep {
  return { kind: 'text', chunks: chunksOf(content, options), paceMs: options.paceMs ?? 0 }
}

/** Reasoning, shown before or between text. */
export function reasoning(content: string, options: Chunking = {}): TextStep {
  return { kind: 'reasoning', chunks: chunksOf(content, options), paceMs: options.paceMs ?? 0 }
}

/** Failing attempts that the server repeats by itself. Default: one 429. */
export function retry(options: Partial<Omit<RetryStep, 'kind'>> = {}): RetryStep {
  return { kind: 'retry', status: 429, message: 'Rate limited', times: 1, ...options }
}

/** The model provider refuses the call. Default: 401. */
export function providerError(
  options: Partial<Omit<ProviderErrorStep, 'kind'>> = {},
): ProviderErrorStep {
  return { kind: 'provider-error', status: 401, message: 'Provider refused', ...options }
}

/** The provider's connection breaks here and the call is made again. */
export function drop(): DropStep {
  return { kind: 'drop' }
}

/** The provider sends a frame that is not JSON. */
export function badFrame(): BadFrameStep {
  return { kind: 'bad-frame' }
}

/** Waits on the clock. */
export function wait(ms: number): WaitStep {
  return { kind: 'wait', ms }
}

/** Stops until the test opens the gate of this name. */
export function gate(name: string): GateStep {
  return { kind: 'gate', name }
}

/** Ends the current model call for this reason. */
export function finish(reason: FinishStep['reason']): FinishStep {
  return { kind: 'finish', reason }
}

/**
 * Ends the attempt with the reason that `finish` gave it. What follows is the answer when the same call is made once
 * more, as after a restart of the server in the middle of it; otherwise it is never said.
 *
 * @example
 * reply(text('Cut'), finish('length'), again(), text('Whole.'))
 */
export function again(): AgainStep {
  return { kind: 'again' }
}

/** Sets the token counts of the current model call. */
export function usage(counts: Partial<Usage>): UsageStep {
  return { kind: 'usage', usage: { input: 100, output: 20, reasoning: 0, cached: 0, ...counts } }
}
