import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import type { ArtifactStat } from '../store/store.js'

/** What is kept under an object's name. */
export interface Description {
  readonly stat: ArtifactStat
  /** Name of its bytes. */
  readonly bytes: string
}

/** Longer ones are damaged. */
export const maxDescriptionBytes = 65_536

export function encodeDescription(description: Description): Buffer {
  return Buffer.from(JSON.stringify(description))
}

/** Fails with `corrupt` for what this package did not write. */
export async function readDescription(
  key: ArtifactKey,
  source: AsyncIterable<Uint8Array>,
): Promise<Description> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.byteLength
    if (size > maxDescriptionBytes) throw corrupt(key)
    chunks.push(chunk)
  }
  let value: unknown
  try {
    value = JSON.parse(Buffer.concat(chunks).toString())
  } catch (error) {
    throw corrupt(key, error)
  }
  if (!isDescription(value) || value.stat.key !== key) throw corrupt(key)
  return value
}

function isDescription(value: unknown): value is Description {
  const { stat, bytes } = fieldsOf(value)
  const { key, sizeBytes, sha256, contentType, storedAt, metadata } = fieldsOf(stat)
  return (
    typeof bytes === 'string' &&
    [key, sha256, contentType].every((each) => typeof each === 'string') &&
    [sizeBytes, storedAt].every((each) => typeof each === 'number') &&
    typeof metadata === 'object' &&
    Object.values(fieldsOf(metadata)).every((each) => typeof each === 'string')
  )
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function corrupt(key: ArtifactKey, cause?: unknown): ArtifactError {
  const message = `The description of artifact ${key} is damaged.`
  return new ArtifactError('corrupt', message, cause === undefined ? {} : { cause })
}
