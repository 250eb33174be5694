// Judges names by its own tables and by Node's path rules for both platforms, and shares no code with what it judges.
import { posix, win32 } from 'node:path'

/** First and last of what no name may hold: it is not seen, turns the text around, or is no character at all. */
const unseen: readonly (readonly [number, number])[] = [
  ...([
    [0, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x34f, 0x34f],
    [0x61c, 0x61c],
    [0x115f, 0x1160],
  ] as const),
  ...([
    [0x17b4, 0x17b5],
    [0x180b, 0x180f],
    [0x200b, 0x200b],
    [0x200e, 0x200f],
  ] as const),
  ...([
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0x2800, 0x2800],
    [0x3164, 0x3164],
  ] as const),
  ...([
    [0xd800, 0xf8ff],
    [0xfdd0, 0xfdef],
    [0xfe00, 0xfe0f],
    [0xfeff, 0xfeff],
  ] as const),
  ...([
    [0xffa0, 0xffa0],
    [0xfff0, 0xfffb],
    [0xfffe, 0xffff],
    [0x1d173, 0x1d17a],
  ] as const),
  ...([
    [0xe0000, 0xe0fff],
    [0xf0000, 0x10ffff],
  ] as const),
]
const forbidden = new Set(['/', '\\', ':', '*', '?', '"', '<', '>', '|'])
const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '¹', '²', '³']
const devices = new Set([
  ...['CON', 'PRN', 'AUX', 'NUL', 'CONIN$', 'CONOUT$'],
  ...digits.flatMap((digit) => [`COM${digit}`, `LPT${digit}`]),
])
const maxNameBytes = 255

/** Why a name is not safe on every platform; `null` for one that is. */
export function faultOfName(name: string): string | null {
  if (name === '') return 'empty'
  if (Buffer.from(name, 'utf8').length > maxNameBytes) return 'longer than 255 bytes'
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0
    if (forbidden.has(character)) return `holds ${character}`
    if (unseen.some(([first, last]) => code >= first && code <= last)) {
      return `holds U+${code.toString(16)}`
    }
    if ((code & 0xfffe) === 0xfffe) return 'holds what is no character'
  }
  const first = name[0]
  const last = name[name.length - 1]
  if (first === '.' || first === ' ' || last === '.' || last === ' ') return 'begins or ends badly'
  // Windows looks at what is before the first dot, and not at spaces there.
  const beginning = (name.split('.')[0] ?? '').trimEnd().toUpperCase()
  if (devices.has(beginning)) return 'is a device'
  const isChild =
    posix.resolve('/base', name) === `/base/${name}` &&
    win32.resolve('C:\\base', name) === `C:\\base\\${name}`
  return isChild ? null : 'leads elsewhere'
}

/** The same for two names that some file system takes for one: by case, by compatible characters, and by both. */
export function sameness(name: string): string {
  let text = name.replaceAll('\u200c', '').replaceAll('\u200d', '')
  for (let turn = 0; turn < 3; turn += 1) {
    text = [...text.normalize('NFKD')].map((each) => each.toUpperCase().toLowerCase()).join('')
  }
  return text.normalize('NFKD')
}

/** Why a path leads out of a folder, or is no plain one below it; `null` for one that stays. */
export function faultOfPath(path: string): string | null {
  if (path.includes('\0')) return 'holds a NUL'
  const parts = path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'is not plain'
  return posix.resolve('/base', path) === `/base/${path}` ? null : 'leads elsewhere'
}

/** Why a link leads out of the folder of `path`'s tree, whatever is where it leads; `null` for one that stays. */
export function faultOfLink(path: string, target: string): string | null {
  if (posix.isAbsolute(target)) return 'is absolute'
  let depth = path.split('/').length - 1
  let isDown = false
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') isDown = true
    // What it goes through on its way down may itself be a link.
    else if (isDown) return 'climbs behind a name'
    depth += part === '..' ? -1 : 1
    if (depth < 0) return 'climbs out'
  }
  return null
}

/** Why a header could be read as something else; `null` for one that cannot. */
export function faultOfHeader(value: string): string | null {
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at)
    if (code < 0x20 || code > 0x7e) return 'holds what no header may'
  }
  return value.split('"').length - 1 === 2 ? null : 'has other quotes than its own two'
}

/** Why a key is no plain address; `null` for one that is. */
export function faultOfKey(key: string): string | null {
  if (key.length > 512) return 'is too long'
  for (const part of key.split('/')) {
    if (part === '' || part.length > 120) return 'has a part that is empty, or too long'
    for (const character of part) {
      const isPlain =
        (character >= 'a' && character <= 'z') ||
        (character >= 'A' && character <= 'Z') ||
        (character >= '0' && character <= '9') ||
        ['_', '=', '.', '-'].includes(character)
      if (!isPlain) return `holds ${JSON.stringify(character)}`
    }
    if (['.', '_', '=', '-'].includes(part[0] ?? '') || part.endsWith('.'))
      return 'begins or ends badly'
  }
  return null
}
