import { ArtifactError } from '../errors.js'
import type { PutOptions } from './store.js'

/** Content type of an object that was stored without one. */
const defaultContentType = 'application/octet-stream'

const maxMetadataBytes = 8_000
const metadataName = /^[a-z][a-z0-9-]{0,63}$/
const mediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?[\w-]+=[\w.+-]+)*$/
const loneSurrogate = /\p{Cs}/u

/** The options of a `put`, checked, with a copy of the metadata that the caller cannot change later. */
export interface CheckedPut {
  readonly contentType: string
  readonly ifAbsent: boolean
  readonly maxBytes: number
  readonly metadata: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
}

export function checkPutOptions(options: PutOptions): CheckedPut {
  const { contentType = defaultContentType, maxBytes = Number.POSITIVE_INFINITY } = options
  if (!mediaType.test(contentType)) {
    throw new TypeError('`contentType` must be a media type such as `text/plain`.')
  }
  if (!(maxBytes >= 0)) throw new RangeError('`maxBytes` must be 0 or more.')
  return {
    contentType,
    ifAbsent: options.ifAbsent ?? false,
    maxBytes,
    metadata: checkMetadata(options.metadata ?? {}),
    signal: options.signal,
  }
}

function checkMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const copy: Record<string, string> = {}
  let bytes = 0
  for (const [name, value] of Object.entries(metadata)) {
    if (!metadataName.test(name)) {
      throw new ArtifactError('invalid_metadata', `Bad metadata name: ${JSON.stringify(name)}.`)
    }
    if (typeof value !== 'string' || loneSurrogate.test(value)) {
      throw new ArtifactError(
        'invalid_metadata',
        `Metadata \`${name}\` is not a well-formed string.`,
      )
    }
    bytes += name.length + Buffer.byteLength(value)
    copy[name] = value
  }
  if (bytes > maxMetadataBytes) {
    throw new ArtifactError(
      'invalid_metadata',
      `Metadata has ${bytes} bytes, more than ${maxMetadataBytes}.`,
    )
  }
  return copy
}
