import { idLength, tailKeyAt, tailLength } from './tail-key.js'

const quote = 34
const backslash = 92
const beforeId = Buffer.from('{"id":"')
const beforeType = Buffer.from('","type":"')
const beforeSession = Buffer.from('","properties":{"sessionID":"')
const longestType = 40
const announcements = ['session.created', 'session.updated']

/** Where a frame says what it is about. */
export interface EventHeader {
  readonly typeStart: number
  readonly typeEnd: number
  /** The tail key of its session's id. */
  readonly sessionKey: number
}

/**
 * Reads the beginning of an event from the bytes of its frame, byte by byte and without making a
 * string; `null` where the session is not known.
 *
 * The server writes the envelope first and, for nearly every event of a session, the session's id
 * first in it: `{"id":"…","type":"…","properties":{"sessionID":"…"`. Anything else is left to the parser.
 */
export function readEventHeader(bytes: Buffer, start: number, end: number): EventHeader | null {
  if (!startsWithId(bytes, start)) return null
  const idEnd = findQuote(bytes, start + beforeId.length, end)
  if (idEnd === -1 || !matches(bytes, idEnd, beforeType)) return null
  const typeStart = idEnd + beforeType.length
  const typeEnd = findQuote(bytes, typeStart, end)
  if (typeEnd === -1 || !matches(bytes, typeEnd, beforeSession)) return null
  const sessionStart = typeEnd + beforeSession.length
  const sessionEnd = findQuote(bytes, sessionStart, end)
  // A shorter id has no tail of its own.
  if (sessionEnd - sessionStart < tailLength) return null
  return { typeStart, typeEnd, sessionKey: tailKeyAt(bytes, sessionEnd) }
}

/**
 * The tail key of the session where everything is in the server's form; any other number elsewhere.
 * Enough to tell that a frame may be wanted, and several times cheaper than to read its beginning.
 */
export function guessSessionKey(bytes: Buffer, start: number): number {
  const typeStart = start + beforeId.length + idLength + beforeType.length
  let typeEnd = typeStart
  while (bytes[typeEnd] !== quote && typeEnd - typeStart < longestType) typeEnd += 1
  return tailKeyAt(bytes, typeEnd + beforeSession.length + idLength)
}

/** Whether the envelope begins with the event's id. */
export function startsWithId(bytes: Buffer, start: number): boolean {
  return matches(bytes, start, beforeId)
}

/** Whether a frame may tell of a sub-agent's session. */
export function mayAnnounceChild(bytes: Buffer, header: EventHeader, end: number): boolean {
  const type = bytes.toString('latin1', header.typeStart, header.typeEnd)
  if (!announcements.includes(type)) return false
  return bytes.toString('latin1', header.typeEnd, end).includes('"parentID":"')
}

/** The quote that ends a string without escapes; -1 for any other string. */
function findQuote(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte === quote) return at
    if (byte === backslash || byte > 127) return -1
  }
  return -1
}

function matches(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index += 1) {
    if (bytes[at + index] !== expected[index]) return false
  }
  return true
}
