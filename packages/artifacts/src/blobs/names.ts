import { parseArtifactKey, type ArtifactKey } from '../store/key.js'

/**
 * The names of descriptions: the key in hexadecimal digits, so that case, length and depth mean nothing to the storage, in parts that fit
 * into a file name, with an ending that keeps a name from being another's folder. They have the order of the keys.
 */
const folder = 'objects/'
const ending = '.json'
const partLength = 200

/** Where bytes are; the time of their coming is part of the name. */
export const bytesFolder = 'bytes/'

export function toDescriptionName(key: ArtifactKey): string {
  return folder + toParts(hexOf(key)) + ending
}

/** The beginning of the names of all keys that begin with this text. */
export function toDescriptionPrefix(text: string): string {
  return folder + toParts(hexOf(text))
}

/** `null` for a name that is no description's. */
export function toKey(name: string): ArtifactKey | null {
  if (!name.startsWith(folder) || !name.endsWith(ending)) return null
  const hex = name.slice(folder.length, -ending.length).replaceAll('/', '')
  try {
    return parseArtifactKey(Buffer.from(hex, 'hex').toString('latin1'))
  } catch {
    return null
  }
}

export function toBytesName(now: number, id: string): string {
  return `${bytesFolder}${String(now).padStart(16, '0')}-${id}`
}

/** Names of bytes in any text. */
export const bytesNames: RegExp = /bytes\/\d{16}-[\w-]+/g

/** When bytes came, by their name. */
export function cameAt(name: string): number {
  return Number(/^bytes\/(\d{16})-/.exec(name)?.[1] ?? Infinity)
}

function hexOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex')
}

function toParts(hex: string): string {
  return hex.replace(new RegExp(`.{${partLength}}(?=.)`, 'g'), '$&/')
}
