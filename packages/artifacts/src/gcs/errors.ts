import { ArtifactError } from '../errors.js'

/** The status that an error of the client carries: of a simple call in `code`, of a resumable one in `status`. */
export function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null
  const { code, status } = error as { readonly code?: unknown; readonly status?: unknown }
  for (const each of [code, status]) {
    const number = typeof each === 'string' ? Number(each) : each
    if (typeof number === 'number' && number >= 100 && number < 600) return number
  }
  return null
}

export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404
}

/** The object is not, or no longer, of the generation that the call was for. */
export function isStale(error: unknown): boolean {
  return statusOf(error) === 412
}

/** What the bucket refused, for the caller; the client has repeated what may be repeated. */
export function toStorageError(error: unknown): unknown {
  if (!(error instanceof Error) || ArtifactError.is(error) || isMistake(error)) return error
  const status = statusOf(error)
  const retryable = status === null || status === 408 || status === 429 || status >= 500
  const what = status === null ? 'cannot be reached, or broke off' : `answered with ${status}`
  return new ArtifactError('storage_failed', `The bucket ${what}.`, { cause: error, retryable })
}

function isMistake(error: Error): boolean {
  return (error instanceof TypeError || error instanceof RangeError) && statusOf(error) === null
}
