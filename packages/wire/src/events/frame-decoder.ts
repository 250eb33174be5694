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
 * Frames end at a blank line, whatever ends the lines (LF, CRLF, CR, mixed); nothing else splits them:
 * the server sends U+2028 unescaped inside its JSON. `onData` gets the data of each frame once it is complete.
 */
export function createFrameDecoder(maxBytes: number, onData: (data: string) => void): FrameDecoder {
  const utf8 = new StringDecoder('utf8')
  let isStart = true
  let endsInCr = false
  const parser = createParser({
    maxBufferSize: maxBytes,
    onEvent: ({ data }) => {
      if (data.length > maxBytes) throw tooLarge(maxBytes)
      onData(data)
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw tooLarge(maxBytes)
    },
  })

  const feed = (chunk: Buffer): void => {
    let text = utf8.write(chunk)
    if (text === '') return
    if (isStart && text.charCodeAt(0) === byteOrderMark) text = text.slice(1)
    isStart = false
    if (endsInCr || text.includes('\r')) text = toLineFeeds(text)
    parser.feed(text)
  }

  /** A CR at the end of a chunk ends its line at once; an LF at the start of the next one belongs to it. */
  const toLineFeeds = (text: string): string => {
    const rest = endsInCr && text.startsWith('\n') ? text.slice(1) : text
    endsInCr = text.endsWith('\r')
    return rest.replace(/\r\n?/g, '\n')
  }
  return { feed }
}

function tooLarge(maxBytes: number): WireError {
  const message = `An event is larger than ${maxBytes} bytes (\`limits.frameBytes\`)`
  return new WireError('frame_too_large', message, { delivered: 'yes' })
}
