import { untilAbort } from '../abort.js'
import { toStorageError } from './errors.js'

/** Of what the bucket and the client throw, our words; the caller's own reasons and mistakes pass. */
export async function callBucket<Result>(
  signal: AbortSignal | undefined,
  body: () => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted()
  try {
    return await untilAbort(signal, body)
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error
    throw toStorageError(error)
  }
}
