import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'

import type { Delivered, WireErrorCode } from './errors.js'

/**
 * Why an operation failed: the error's code; `aborted` when the caller's signal ended it; `invalid_call` when it
 * could not be sent as it was given, or a function of the caller (`headers`) threw.
 */
export type TraceErrorCode = WireErrorCode | 'aborted' | 'invalid_call'

/** One request, as subscribers of `turnstead:wire:request` see it; never with query, body or credentials. */
export interface RequestTrace {
  /** HTTP method. */
  readonly method: string
  /** Path of the OpenAPI document, with places instead of ids: `/session/{sessionID}`. */
  readonly route: string
  /** The session that it is about. */
  readonly sessionId: string | null
  /** Status of the answer, once there is one. */
  status?: number
  /** Why it failed. */
  errorCode?: TraceErrorCode
  /** Whether the server received it, when it failed. */
  delivered?: Delivered
}

/** One connection of an event stream, as subscribers of `turnstead:wire:stream` see it. */
export interface StreamTrace {
  /** `/event` or `/global/event`. */
  readonly route: string
  /** Failures in a row before this connection. */
  readonly failures: number
  /** Whether the server confirmed the connection. */
  isReady: boolean
  /** What broke it; missing when it was closed from this side. */
  errorCode?: TraceErrorCode
}

/** One `prompt.send`, as subscribers of `turnstead:wire:prompt` see it. */
export interface PromptTrace {
  /** The session. */
  readonly sessionId: string
  /** The id of the user message. */
  readonly messageId: string
  /** The verdict. */
  delivered?: Delivered
  /** What the verdict rests on. */
  evidence?: string
  /** How often it was sent. */
  sends?: number
  /** The last failure. */
  errorCode?: TraceErrorCode
}

/** The tracing channels of this package; nothing is done for them while there is no subscriber. */
export interface WireChannels {
  /** `turnstead:wire:request` */
  readonly request: TracingChannel<RequestTrace, RequestTrace>
  /** `turnstead:wire:stream` */
  readonly stream: TracingChannel<StreamTrace, StreamTrace>
  /** `turnstead:wire:prompt` */
  readonly prompt: TracingChannel<PromptTrace, PromptTrace>
}

/** Subscribe with `node:diagnostics_channel`; one object goes through all steps of an operation. */
export const channels: WireChannels = {
  request: tracingChannel<RequestTrace, RequestTrace>('turnstead:wire:request'),
  stream: tracingChannel<StreamTrace, StreamTrace>('turnstead:wire:stream'),
  prompt: tracingChannel<PromptTrace, PromptTrace>('turnstead:wire:prompt'),
}
