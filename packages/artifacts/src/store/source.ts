import { isUint8Array } from 'node:util/types'

import { untilAbort } from '../abort.js'
import { ArtifactError } from '../errors.js'
import type { ArtifactSource } from './store.js'

/** Limits of one read of a source. */
export interface ReadSourceOptions {
  readonly maxBytes: number
  readonly signal: AbortSignal | undefined
}

/**
 * The chunks of a source, at most `maxBytes` of them in bytes. However it ends, the source is closed;
 * an abort is noticed even while the source is silent.
 */
export async function* readSource(
  source: ArtifactSource,
  options: ReadSourceOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { maxBytes, signal } = options
  let total = 0
  let isDone = false
  const iterator = toIterator(source)
  try {
    for (;;) {
      const step = await untilAbort(signal, async () => nextStep(iterator))
      if (step.done === true) {
        isDone = true
        return
      }
      const chunk: unknown = step.value
      if (!isUint8Array(chunk)) {
        throw new TypeError('`source` must yield Uint8Array chunks; a text stream must be encoded.')
      }
      total += chunk.byteLength
      if (total > maxBytes) {
        throw new ArtifactError('too_large', `The source has more than ${maxBytes} bytes.`)
      }
      if (chunk.byteLength > 0) yield chunk
    }
  } finally {
    if (!isDone) {
      closeSource(source)
      closeIterator(iterator)
    }
  }
}

/** @throws TypeError for what has no bytes, as a text. */
export function assertSource(source: unknown): asserts source is ArtifactSource {
  const isIterable = typeof source === 'object' && source !== null && Symbol.asyncIterator in source
  if (isIterable || isUint8Array(source)) return
  throw new TypeError(
    '`source` must be a Uint8Array, a stream or another async iterable of them; a text is `Buffer.from(text)`.',
  )
}

/** A stream that fails before it is read, as of a file that is not there, must not end the process: its reader is told. */
export function heedFailure(source: ArtifactSource): void {
  if ('on' in source && typeof source.on === 'function') source.on('error', () => {})
}

/** Frees a source that will not be read any further. */
export function closeSource(source: ArtifactSource): void {
  if ('destroy' in source && typeof source.destroy === 'function') source.destroy()
}

function toIterator(source: ArtifactSource): AsyncIterator<Uint8Array> {
  return isUint8Array(source) ? once(source) : source[Symbol.asyncIterator]()
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function nextStep(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await iterator.next()
  } catch (error) {
    throw toSourceError(error)
  }
}

function toSourceError(error: unknown): ArtifactError {
  if (ArtifactError.is(error)) return error
  return new ArtifactError('source_failed', 'The source failed before its end.', { cause: error })
}

/** Not awaited: a generator that waits for its own source would hold the caller forever. */
function closeIterator(iterator: AsyncIterator<Uint8Array>): void {
  iterator.return?.().then(undefined, () => {})
}
