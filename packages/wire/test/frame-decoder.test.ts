import { expect } from 'chai'
import { describe, it } from 'mocha'

import { createFrameDecoder, isOneLine } from '../src/events/frame-decoder.js'

/** What comes out of one chunk when no one wants the frames that begin with `no`. */
function wantedOf(chunk: string): string[] {
  const wanted: string[] = []
  const decoder = createFrameDecoder({
    maxBytes: 1000,
    onData: (data) => wanted.push(data),
    takeBytes: (bytes, start, end) =>
      bytes.toString('utf8', start, start + 2) === 'no' && isOneLine(bytes, start, end),
  })
  decoder.feed(Buffer.from(chunk))
  return wanted
}

describe('createFrameDecoder', () => {
  it('drops a chunk that is one unwanted frame', () => {
    expect(wantedOf('data: no 1\n\n')).to.deep.equal([])
  })

  it('keeps a wanted frame that shares its chunk with an unwanted one', () => {
    expect(wantedOf('data: no 1\n\ndata: yes 2\n\n')).to.deep.equal(['yes 2'])
    expect(wantedOf('data: yes 1\n\ndata: no 2\n\ndata: yes 3\n\n')).to.deep.equal([
      'yes 1',
      'yes 3',
    ])
  })

  it('keeps a wanted frame after an unwanted one with other line ends', () => {
    expect(wantedOf('data: no 1\r\rdata: yes 2\n\n')).to.include('yes 2')
  })

  it('joins the lines of a frame that fills its chunk', () => {
    expect(wantedOf('data: yes 1\ndata: 2\n\n')).to.deep.equal(['yes 1\n2'])
  })

  it('measures a frame that fills its chunk', () => {
    expect(() => wantedOf(`data: ${'x'.repeat(1001)}\n\n`)).to.throw('larger than 1000 bytes')
    expect(wantedOf(`data: ${'x'.repeat(1000)}\n\n`)).to.have.length(1)
  })
})
