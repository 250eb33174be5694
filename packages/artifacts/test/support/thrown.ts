import { Drop } from '../../src/directory/drop-reason.js'

/** What a promise rejects with; `null` when it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return null
  } catch (error) {
    return error
  }
}

/** The reason of the Drop that a promise rejects with; anything else is shown as it is. */
export async function dropOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await rejectionOf(promise)
  return error instanceof Drop ? error.reason : (error ?? 'nothing was thrown')
}
