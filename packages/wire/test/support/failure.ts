import { WireError } from '../../src/index.js'

/** The WireError that a promise must end with. */
export async function failure(promise: Promise<unknown>): Promise<WireError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!WireError.is(error)) throw new Error('expected a WireError', { cause: error })
  return error
}
