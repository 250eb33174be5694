import { createHash } from 'node:crypto'

import { ArtifactError } from '../errors.js'

declare const keyBrand: unique symbol

/**
 * The address of one object in a store: one or more segments joined by `/`. A key is an address, not
 * a name: it never holds text that an agent or a user chose. Names travel in the metadata.
 */
export type ArtifactKey = string & { readonly [keyBrand]: true }

/** Longest key, in characters; keys are ASCII, so in bytes too. */
export const maxKeyLength = 512
/** Longest segment of a key, in characters. */
export const maxKeySegmentLength = 120

const segment = /^[A-Za-z0-9](?:[A-Za-z0-9_=.-]*[A-Za-z0-9_=-])?$/
const segmentBeginning = /^[A-Za-z0-9][A-Za-z0-9_=.-]*$/
const plainId = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/

/**
 * Takes a string as a key or refuses it with `invalid_key`. Every segment has 1 to 120 characters of
 * `A-Z a-z 0-9 _ = . -`, begins with a letter or digit and does not end with a dot; the whole has at
 * most 512. So no key is absolute, climbs, hides, or means something else on another platform.
 */
export function parseArtifactKey(value: unknown): ArtifactKey {
  if (!isArtifactKey(value)) {
    throw new ArtifactError('invalid_key', `Not an artifact key: ${shown(value)}.`)
  }
  return value
}

/** Whether {@link parseArtifactKey} would take the value. */
export function isArtifactKey(value: unknown): value is ArtifactKey {
  return (
    typeof value === 'string' &&
    value.length <= maxKeyLength &&
    value.split('/').every((part) => part.length <= maxKeySegmentLength && segment.test(part))
  )
}

/** Takes the beginning of a key, as `list` does; the empty string means every key. Refuses with `invalid_key`. */
export function parseKeyPrefix(value: unknown): string {
  if (value === '') return value
  if (typeof value === 'string' && value.length <= maxKeyLength) {
    const parts = value.split('/')
    const last = parts.pop() ?? ''
    const isBeginning =
      last === '' || (last.length <= maxKeySegmentLength && segmentBeginning.test(last))
    if (isBeginning && (parts.length === 0 || isArtifactKey(parts.join('/')))) return value
  }
  throw new ArtifactError('invalid_key', `Not the beginning of an artifact key: ${shown(value)}.`)
}

/**
 * Turns a host's id into one key segment: plain ids stay readable, all others become a digest.
 * Different ids never share a segment. Throws a TypeError for an empty string or a broken number.
 */
export function toKeySegment(id: string | number | bigint): string {
  const isId =
    typeof id === 'bigint' ||
    (typeof id === 'number' ? Number.isSafeInteger(id) : typeof id === 'string' && id !== '')
  if (!isId) throw new TypeError('`id` must be a non-empty string, a safe integer or a bigint.')
  const text = String(id)
  return plainId.test(text) ? text : `id=${digestOf(text)}`
}

/** Half a surrogate pair would become the same character as any other; no text in UTF-8 begins with this byte. */
function digestOf(text: string): string {
  const digest = createHash('sha256')
  const isWhole = !/\p{Cs}/u.test(text)
  if (isWhole) return digest.update(text).digest('hex')
  return digest.update(Uint8Array.of(0xff)).update(text, 'utf16le').digest('hex')
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : `a ${typeof value}`
}
