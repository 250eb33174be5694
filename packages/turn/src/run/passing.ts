import { WireError } from '@turnstead/wire'

/**
 * Trouble that may pass by itself, beside what the client calls retryable. Half a body, or JSON of another shape, says nothing
 * about the server, so it is trouble on the way at every step. A plain 500 is the server's answer to malformed input too, and a turn's input is well formed.
 */
const passingCodes: ReadonlySet<string> = new Set([
  'server_error',
  'malformed_response',
  'unexpected_status',
])

/** Whether a failed request of the server may succeed later. */
export function isPassing(error: unknown): boolean {
  return WireError.is(error) && (error.retryable || passingCodes.has(error.code))
}

/** Whether a failed call of the store may succeed later. Stores say so by a property, as `SessionError` does. */
export function isPassingInStore(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'retryable' in error && error.retryable === true
  )
}
