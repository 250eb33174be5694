import { WireError } from '../errors.js'

/** A start that failed was cleaned up, so nothing was delivered and another attempt is safe. */
export function startFailed(reason: string, cause?: unknown): WireError {
  return new WireError('server_start_failed', `opencode did not start: ${reason}`, {
    ...(cause === undefined ? {} : { cause }),
    delivered: 'no',
  })
}
