import { StringDecoder } from 'node:string_decoder'

import { createParser } from 'eventsource-parser'

import { WireError } from '../errors.js'

/** Turns the bytes of an event stream into the data of its frames. */
export interface FrameDecoder {
  /** Takes the next bytes, cut anywhere. Throws `frame_too_large`; the stream is useless afterwards. */
  readonly feed: (chunk: Buffer) => void
}

const byteOrderMark = 0xfeff

/**
 * The whole event stream format: lines end by LF, CRLF or CR in any mixture; comments, other fields and
 * several data lines are allowed. Nothing else splits a line: the server sends U+2028 bare in its JSON.
 * Here the frame limit counts UTF-16 units, of which a text never has more than bytes.
 */
export function createTextDecoder(
  maxBytes: number,
  onData: (data: string) => void,
  isAtStart: boolean,
): FrameDecoder {
  const utf8 = new StringDecoder('utf8')
  let isStart = isAtStart
  let endsInReturn = false
  const parser = createParser({
    maxBufferSize: maxBytes,
    onEvent: ({ data }) => {
      if (data.length > maxBytes) throw frameTooLarge(maxBytes)
      onData(data)
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw frameTooLarge(maxBytes)
    },
  })

  /** A CR at the end of a chunk ends its line at once; an LF at the start of the next one belongs to it. */
  const toLineFeeds = (text: string): string => {
    const rest = endsInReturn && text.startsWith('\n') ? text.slice(1) : text
    endsInReturn = text.endsWith('\r')
    return rest.replace(/\r\n?/g, '\n')
  }
  const feed = (chunk: Buffer): void => {
    let text = utf8.write(chunk)
    if (text === '') return
    if (isStart && text.charCodeAt(0) === byteOrderMark) text = text.slice(1)
    isStart = false
    if (endsInReturn || text.includes('\r')) text = toLineFeeds(text)
    parser.feed(text)
  }
  return { feed }
}

export function frameTooLarge(maxBytes: number): WireError {
  const message = `An event is larger than ${maxBytes} bytes (\`limits.frameBytes\`)`
  return new WireError('frame_too_large', message, { delivered: 'yes' })
}
