import { flag, nested, number, objectOf, string } from './fields.js'

/** An error that the server put on a message or a session. */
export interface ReplyError {
  /** The server's name: `APIError`, `MessageAbortedError`, `ProviderAuthError`, `UnknownError` … */
  readonly name: string
  /** For logs. May hold stack traces, statements and user text: do not show it raw. */
  readonly message: string
  /** HTTP status of the provider, when it answered. */
  readonly statusCode: number | null
  /** Whether the server thinks that another attempt may help; `null` when it does not say. */
  readonly retryable: boolean | null
  /** The provider's address, when the server names it. */
  readonly url: string | null
}

/** Reads the server's `{ name, data }`; `null` when the value is no error. */
export function readReplyError(value: unknown): ReplyError | null {
  const fields = objectOf(value)
  const data = nested(fields, 'data')
  const name = string(fields, 'name')
  const message = string(data, 'message') ?? string(fields, 'message')
  if (name === null && message === null) return null
  return Object.freeze({
    name: name ?? 'UnknownError',
    message: message ?? '',
    statusCode: number(data, 'statusCode'),
    retryable: 'isRetryable' in data ? flag(data, 'isRetryable') : null,
    url: string(nested(data, 'metadata'), 'url'),
  })
}
