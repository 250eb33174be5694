import { StringDecoder } from 'node:string_decoder'

import { createParser } from 'eventsource-parser'

import { frameTooLarge, type FrameDecoder } from './frame-decoder.js'

const byteOrderMark = 0xfeff

/**
 * The whole event stream format: lines end by LF, CRLF or CR in any mixture; comments, other fields and
 * several data lines are allowed. Nothing else splits a line: the server sends U+2028 bare in its JSON.
 * Here the frame limit counts UTF-16 units, of which a text never has more than bytes.
 */
export function createTextDecoder(maxBytes: number, onData: (data: string) => void): FrameDecoder {
  const utf8 = new StringDecoder('utf8')
  let isStart = true
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
