import { startsWithId } from './event-header.js'
import type { ServerEvent } from './event-types.js'
import { idLength, tailKeyAt, tailKeyOf } from './tail-key.js'

/**
 * Reads the deltas of a streamed answer without parsing again what they have in common.
 *
 * While an answer streams, nearly every frame is `message.part.delta`, and those of a part differ only
 * in the event's id, at the beginning, and in the delta, at the end. Where the bytes in between are
 * those of an event that was parsed before, only the delta is parsed.
 */
export interface DeltaPatterns {
  /**
   * The event of a frame, exactly as the parser would give it; `null` where the parser has to. Bytes with
   * a line break are never an event.
   */
  readonly read: (bytes: Buffer, start: number, end: number) => ServerEvent | null
  /** Remembers an event that the parser gave, if it is a delta. */
  readonly learn: (data: string, event: ServerEvent) => void
}

interface Pattern {
  readonly type: ServerEvent['type']
  readonly properties: Readonly<Record<string, string>>
  /** From the quote after the event's id to the colon before the delta. */
  readonly middle: Buffer
}

/** Parts that are streamed at the same time; with more, all is learned again. */
const maxPatterns = 1024
/** Characters before the delta: more is no frame of the server and would only take memory. */
const maxHead = 1024
const beforeId = '{"id":"'
const beforeDelta = ',"delta":'
const partIdEnd =
  '{"id":"","type":"message.part.delta","properties":{"sessionID":"","messageID":"","partID":"'
    .length +
  4 * idLength
/** Bytes up to which a word is looked through faster here than by the parser. */
const shortDelta = 64
const quote = 34
const backslash = 92
const brace = 125

export function createDeltaPatterns(): DeltaPatterns {
  /** By the tail of the part's id. */
  const patterns = new Map<number, Pattern>()
  return {
    read: (bytes, start, end) => {
      const at = start + partIdEnd
      if (at >= end) return null
      const pattern = patterns.get(tailKeyAt(bytes, at))
      return pattern === undefined ? null : readDelta(pattern, bytes, start, end)
    },
    learn: (data, event) => {
      if (event.type !== 'message.part.delta' || data.length < partIdEnd) return
      const pattern = toPattern(data, event)
      if (pattern === null) return
      if (patterns.size >= maxPatterns) patterns.clear()
      patterns.set(tailKeyOf(data.slice(0, partIdEnd)), pattern)
    },
  }
}

function readDelta(
  pattern: Pattern,
  bytes: Buffer,
  start: number,
  end: number,
): ServerEvent | null {
  const { type, properties, middle } = pattern
  const idStart = start + beforeId.length
  const idEnd = idStart + idLength
  const from = idEnd + middle.length
  const to = end - 2
  if (bytes[to] !== brace || bytes[to + 1] !== brace) return null
  if (to - from < 2) return null
  // Else white space around the delta, which may be a line break, would be taken for a part of it.
  if (bytes[from] !== quote || bytes[to - 1] !== quote) return null
  if (!startsWithId(bytes, start)) return null
  if (bytes.compare(middle, 0, middle.length, idEnd, from) !== 0) return null
  if (!isPlain(bytes, idStart, idEnd)) return null
  const id = bytes.toString('latin1', idStart, idEnd)
  const delta = readString(bytes, from, to)
  return delta === null ? null : ({ id, type, properties: { ...properties, delta } } as ServerEvent)
}

/** The value of a string literal, of which the quotes are seen; `null` for anything else. */
function readString(bytes: Buffer, start: number, end: number): string | null {
  if (end - start <= shortDelta && isPlain(bytes, start + 1, end - 1)) {
    return bytes.toString('latin1', start + 1, end - 1)
  }
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8', start, end))
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}

/** ASCII that is written as it is in JSON. */
function isPlain(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte < 32 || byte > 126 || byte === quote || byte === backslash) return false
  }
  return true
}

function areStrings(
  properties: Readonly<Record<string, unknown>>,
): properties is Readonly<Record<string, string>> {
  return Object.values(properties).every((value) => typeof value === 'string')
}

/**
 * `null` for a delta of any other form than the server's: as `JSON.stringify` writes it, and with the delta at the end.
 * Otherwise what is between the id and the delta would not be all that another frame has in common with it.
 */
function toPattern(data: string, event: ServerEvent): Pattern | null {
  const idEnd = beforeId.length + idLength
  if (event.id !== data.slice(beforeId.length, idEnd)) return null
  if (Object.keys(event).join() !== 'id,type,properties') return null
  // A copy, because the event itself belongs to its readers; without the delta, which may be long.
  const properties: Readonly<Record<string, unknown>> = { ...event.properties, delta: '' }
  if (!areStrings(properties) || Object.keys(properties).at(-1) !== 'delta') return null
  // A quote within a string is escaped, so what looks like the key of the delta is the key of the delta.
  const deltaAt = data.indexOf(beforeDelta, idEnd)
  if (deltaAt === -1 || deltaAt > maxHead || data !== JSON.stringify(event)) return null
  const middle = Buffer.from(data.slice(idEnd, deltaAt + beforeDelta.length))
  return { type: event.type, properties, middle }
}
