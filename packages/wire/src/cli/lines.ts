import { StringDecoder } from 'node:string_decoder'
import { WireError } from '../errors.js'

/**
 * The lines of a byte stream without their ends; the last one may lack its end. Blank ones are left out.
 *
 * @throws WireError with code `frame_too_large` for a line longer than the limit in characters.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLength: number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8')
  // Pieces, not one growing text: a long line would be copied again with every chunk.
  let pieces: string[] = []
  let length = 0
  const take = (): string => {
    const line = pieces.join('').trim()
    pieces = []
    length = 0
    return line
  }
  const add = (piece: string): void => {
    length += piece.length
    if (length > maxLength) {
      throw new WireError(
        'frame_too_large',
        `opencode run printed a line of more than ${maxLength} characters.`,
      )
    }
    pieces.push(piece)
  }
  for await (const chunk of chunks) {
    const parts = decoder.write(chunk).split('\n')
    for (const [index, part] of parts.entries()) {
      add(part)
      const line = index < parts.length - 1 ? take() : ''
      if (line !== '') yield line
    }
  }
  add(decoder.end())
  const last = take()
  if (last !== '') yield last
}
