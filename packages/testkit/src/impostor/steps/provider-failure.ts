import type { ProviderErrorStep, RetryStep } from '../../script/steps.js'
import type { Json } from '../state/records.js'

/** Statuses that the server tries again. */
export function isRetried(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500
}

/** How long the server waits before attempt `attempt + 1`. */
export function retryDelayMs(by: RetryStep | ProviderErrorStep | null, attempt: number): number {
  if (by?.kind === 'retry') {
    if (by.retryAfterMs !== undefined) return by.retryAfterMs
    if (by.retryAfterSeconds !== undefined) return by.retryAfterSeconds * 1000
  }
  return Math.min(30_000, 2_000 * 2 ** (attempt - 1))
}

/** The error as the server shows it on the message and in `session.error`. */
export function apiError(by: RetryStep | ProviderErrorStep): Json {
  const code = by.kind === 'provider-error' && by.code !== undefined ? by.code : null
  const responseBody = JSON.stringify({
    error: { message: by.message, type: 'scripted', code },
  })
  if (code === 'context_length_exceeded' || by.status === 413) {
    return { name: 'ContextOverflowError', data: { message: by.message, responseBody } }
  }
  return {
    name: 'APIError',
    data: {
      message: by.message,
      statusCode: by.status,
      isRetryable: isRetried(by.status),
      responseHeaders: { 'content-type': 'application/json' },
      responseBody,
      metadata: { url: 'http://127.0.0.1/v1/chat/completions' },
    },
  }
}

/** What an aborted message says. */
export const abortedError: Json = { name: 'MessageAbortedError', data: { message: 'Aborted' } }

/** Thrown inside a run to end its message with an error. */
export class MessageFailure extends Error {
  override readonly name: string = 'MessageFailure'
  /** The error as it is shown. */
  readonly shown: Json
  /** What ends between the error and the message: the open text. */
  readonly beforeCompletion: () => void

  constructor(shown: Json, beforeCompletion: () => void = () => {}) {
    super(String(shown['name']))
    this.shown = shown
    this.beforeCompletion = beforeCompletion
  }
}

/** A file that cannot be told to the model. */
export function untoldFile(type: string): MessageFailure {
  const message = `'file part media type ${type}' functionality not supported.`
  return new MessageFailure({ name: 'UnknownError', data: { message } })
}

/** What a provider says that breaks off in the middle of its answer. */
export function brokenOff({ message, status }: RetryStep | ProviderErrorStep): {
  name: string
  data: { message: string }
} {
  return { name: 'UnknownError', data: { message: JSON.stringify({ message, code: status }) } }
}

/** What storing says when the session was deleted in the middle of its turn; the real text holds the whole query. */
export const storeFailure: Json = {
  name: 'UnknownError',
  data: { message: 'Failed query: insert into "part" (…): FOREIGN KEY constraint failed' },
}
