import { createTextDecoder, frameTooLarge, type FrameDecoder } from './text-decoder.js'

export interface FrameDecoderOptions {
  /** The largest frame. */
  readonly maxBytes: number
  /** Gets the data of each complete frame. */
  readonly onData: (data: string) => void
  /**
   * Is asked first, with the frame's bytes between `start` and `end`: true if it has dealt
   * with the frame. It must then be sure that they are one line.
   */
  readonly takeBytes?: (bytes: Buffer, start: number, end: number) => boolean
}

const lineFeed = 10
const carriageReturn = 13
const prefixLength = 6

/**
 * The server writes each frame as one `data: ` line and a blank line, both ended by LF, and nearly always
 * as a chunk of its own. Such frames are cut out of the bytes directly. The first thing that looks
 * different (another line end, a comment of a proxy, a second data line …) hands the rest of the
 * connection to a complete parser.
 */
export function createFrameDecoder(options: FrameDecoderOptions): FrameDecoder {
  const { maxBytes, onData, takeBytes } = options
  let partial: Buffer[] = []
  let partialSize = 0
  let complete: FrameDecoder | null = null
  let isStart = true

  const keep = (bytes: Buffer): void => {
    if (bytes.length === 0) return
    partial.push(bytes)
    partialSize += bytes.length
    if (partialSize > maxBytes) throw frameTooLarge(maxBytes)
  }
  /** Joined only when a line ends, so a large frame in small pieces is copied once. */
  const joinPartial = (chunk: Buffer): Buffer => {
    if (partial.length === 0) return chunk
    const bytes = Buffer.concat([...partial, chunk])
    partial = []
    partialSize = 0
    return bytes
  }
  /**
   * A chunk that is one frame needs no search for its end. That it has no other line is seen in its
   * text: searching a string is much cheaper than calling into a buffer.
   */
  const takeWhole = (chunk: Buffer): boolean => {
    const end = chunk.length - 2
    if (partial.length > 0 || end - prefixLength > maxBytes) return false
    if (chunk[end] !== lineFeed || chunk[end + 1] !== lineFeed) return false
    if (!startsWithPrefix(chunk, 0)) return false
    if (takeBytes?.(chunk, prefixLength, end) !== true) {
      const data = chunk.toString('utf8', prefixLength, end)
      if (data.includes('\n') || data.includes('\r')) return false
      isStart = false
      onData(data)
    }
    isStart = false
    return true
  }
  const emit = (bytes: Buffer, start: number, end: number): void => {
    isStart = false
    if (end - start > maxBytes) throw frameTooLarge(maxBytes)
    if (takeBytes?.(bytes, start, end) !== true) onData(bytes.toString('utf8', start, end))
  }
  const becomeComplete = (rest: Buffer): void => {
    complete = createTextDecoder(maxBytes, onData, isStart)
    complete.feed(rest)
  }

  const feed = (chunk: Buffer): void => {
    if (complete !== null) return complete.feed(chunk)
    if (takeWhole(chunk)) return
    if (chunk.includes(carriageReturn)) return becomeComplete(joinPartial(chunk))
    const firstEnd = chunk.indexOf(lineFeed)
    if (firstEnd === -1) return keep(chunk)
    const bytes = joinPartial(chunk)
    let at = 0
    let end = bytes === chunk ? firstEnd : bytes.indexOf(lineFeed)
    while (end !== -1 && end + 1 < bytes.length) {
      if (bytes[end + 1] !== lineFeed || !startsWithPrefix(bytes, at)) {
        return becomeComplete(bytes.subarray(at))
      }
      emit(bytes, at + prefixLength, end)
      at = end + 2
      end = at < bytes.length ? bytes.indexOf(lineFeed, at) : -1
    }
    if (at < bytes.length) keep(at === 0 ? bytes : bytes.subarray(at))
  }
  return { feed }
}

/** Whether no line ends there. */
export function isOneLine(bytes: Buffer, start: number, end: number): boolean {
  // Only these bytes: a search from `start` would go through all frames of the chunk for each of them.
  const line = bytes.subarray(start, end)
  return !line.includes(lineFeed) && !line.includes(carriageReturn)
}

/** Whether there is `data: `, the space included. */
function startsWithPrefix(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x64 &&
    bytes[at + 1] === 0x61 &&
    bytes[at + 2] === 0x74 &&
    bytes[at + 3] === 0x61 &&
    bytes[at + 4] === 0x3a &&
    bytes[at + 5] === 0x20
  )
}
