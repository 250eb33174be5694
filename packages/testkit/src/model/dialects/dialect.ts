import type { Attempt } from '../../script/plan.js'
import type { ProviderErrorStep, RetryStep, ToolStep } from '../../script/steps.js'
import type { JsonRecord } from './json.js'
import type { ModelApi, SpokenRequest } from './model-request.js'

/** A frame of a streamed answer, a pause, or a stop at a gate. */
export type ModelAction =
  | {
      readonly kind: 'frame'
      readonly json: JsonRecord
      /** True where it tells what the answer has used. */
      readonly tellsUsage: boolean
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'gate'; readonly name: string }

/** What names an answer. */
export interface AnswerHead {
  /** Number of the answer in this process, as text. */
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
}

/** A way to ask a model and to be answered. */
export interface Dialect {
  readonly api: ModelApi
  /** How the path of its requests ends. */
  readonly path: string
  /** Reads a body; throws a `TypeError` when it is none. */
  read(body: JsonRecord): SpokenRequest
  /** All that a streamed attempt sends before it ends, in order. */
  stream(attempt: Attempt, head: AnswerHead): Generator<ModelAction, void>
  /** The body of an attempt that was not asked for as a stream. */
  whole(attempt: Attempt, head: AnswerHead): JsonRecord
  /** The body of an answer that refuses the call. */
  refusal(by: RetryStep | ProviderErrorStep): JsonRecord
  /** The frame that breaks off a stream that has begun. */
  breakOff(by: RetryStep | ProviderErrorStep): JsonRecord
  /** What a stream ends with, after its last frame. */
  readonly farewell: string
}

/** One server-sent event; those with a `type` carry it as the event's name too. */
export function toFrame(json: JsonRecord, isNamed: boolean): string {
  const name = isNamed ? `event: ${String(json['type'])}\n` : ''
  return `${name}data: ${JSON.stringify(json)}\n\n`
}

export function argumentsOf(step: ToolStep): string {
  return typeof step.input === 'string' ? step.input : JSON.stringify(step.input)
}

/** The arguments in as many pieces as the step wants, one at least. */
export function argumentPieces(step: ToolStep): readonly string[] {
  const content = argumentsOf(step)
  const size = Math.max(1, Math.ceil(content.length / step.pieces))
  const pieces: string[] = []
  for (let start = 0; start < content.length; start += size) {
    pieces.push(content.slice(start, start + size))
  }
  return pieces.length === 0 ? [''] : pieces
}

/** All text, or all reasoning, of an attempt. */
export function joined(attempt: Attempt, kind: 'text' | 'reasoning'): string {
  return attempt.sayings.flatMap((saying) => (saying.kind === kind ? saying.chunks : [])).join('')
}
