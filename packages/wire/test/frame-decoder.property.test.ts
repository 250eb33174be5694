import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'

import { WireError } from '../src/errors.js'
import { createFrameDecoder } from '../src/events/frame-decoder.js'
import { dataOf, recordedStreams } from './support/cassettes.js'

const streams = recordedStreams()
const maxBytes = 16 * 1024 * 1024
/** All recordings in each shape take a minute on a busy machine: one in so many, others for each shape, unless it is CI. */
const oneIn = process.env['CI'] === undefined ? 6 : 1

function decode(chunks: Iterable<Buffer>, limit = maxBytes): string[] {
  const events: string[] = []
  const decoder = createFrameDecoder({ maxBytes: limit, onData: (data) => events.push(data) })
  for (const chunk of chunks) decoder.feed(chunk)
  return events
}

/** Ways to cut the bytes: not at all, everywhere, and in pieces of `size` from each place where the first can end. */
function* everyCut(bytes: Buffer, size: number): Generator<Iterable<Buffer>> {
  for (const sizes of [[bytes.length], [65_536], [1], [7, 1, 64]]) yield inPieces(bytes, sizes)
  for (let first = 1; first <= size; first += 1) yield inPiecesAfter(bytes, first, size)
}

function* inPiecesAfter(bytes: Buffer, first: number, size: number): Generator<Buffer> {
  yield bytes.subarray(0, first)
  for (let at = first; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Compared on the way: there are millions of events. */
function firstDifference(pieces: Iterable<Buffer>, expected: readonly string[]): string | null {
  let count = 0
  let wrong: string | null = null
  const onData = (data: string): void => {
    const found = data.startsWith('{\n') ? data.replace('\n', '') : data
    if (found !== expected[count]) wrong ??= `event ${count} is ${found.slice(0, 200)}`
    count += 1
  }
  const decoder = createFrameDecoder({ maxBytes, onData })
  for (const piece of pieces) decoder.feed(piece)
  return wrong ?? (count === expected.length ? null : `${count} events, not ${expected.length}`)
}

function cutAt(bytes: Buffer, at: number): Buffer[] {
  return [bytes.subarray(0, at), bytes.subarray(at)]
}

function* inPieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

/** The same events in other shapes that the event stream format allows. */
const shapes: Record<string, (frame: string) => string> = {
  LF: (frame) => frame,
  CRLF: (frame) => frame.replaceAll('\n', '\r\n'),
  CR: (frame) => frame.replaceAll('\n', '\r'),
  'mixed line ends': (frame) => frame.replace(/\n\n$/, '\r\n\r'),
  'no space after data:': (frame) => frame.replace(/^data: /, 'data:'),
  'a comment before': (frame) => `: keep-alive\n\n${frame}`,
  'a comment inside': (frame) => `: keep-alive\n${frame}`,
  'other fields': (frame) => `event: message\nid: 7\nretry: 10\nnonsense\n${frame}`,
  'a byte order mark': (frame) => frame,
  'two data lines': (frame) => frame.replace(/^data: \{/, 'data: {\ndata: '),
  'two data lines with CRLF': (frame) =>
    frame.replace(/^data: \{/, 'data: {\ndata: ').replaceAll('\n', '\r\n'),
}

describe('createFrameDecoder over the cassettes', () => {
  it('has recorded streams to work on', () => {
    expect(streams.size).to.be.above(50)
  })

  for (const [turn, [shape, reshape]] of Object.entries(shapes).entries()) {
    const chosen = [...streams].filter((_, index) => index % oneIn === turn % oneIn)
    it(`gives identical events for ${shape}, cut at every byte`, () => {
      for (const [name, frames] of chosen) {
        const expected = frames.map(dataOf).filter((data) => data !== null)
        const start = shape === 'a byte order mark' ? '\uFEFF' : ''
        const bytes = Buffer.from(start + frames.map(reshape).join(''))
        let way = 0
        for (const pieces of everyCut(bytes, shape === 'LF' ? 256 : 32)) {
          const wrong = firstDifference(pieces, expected)
          if (wrong !== null) expect.fail(`${name}, way ${way} of cutting: ${wrong}`)
          way += 1
        }
      }
    })
  }

  it('ignores a byte order mark at the start, and only there', () => {
    const frames = streams.get('unicode.jsonl') ?? []
    const bytes = Buffer.from(`\uFEFF${frames.join('')}`)
    for (const at of [0, 1, 2, 3, 4]) {
      expect(decode(cutAt(bytes, at))).to.deep.equal(frames.map(dataOf))
    }
    expect(decode([Buffer.from('data: a\n\n\uFEFFdata: b\n\ndata: c\n\n')])).to.deep.equal([
      'a',
      'c',
    ])
  })

  it('never gives an event that was not complete', () => {
    const frame = Buffer.from('data: {"id":"evt_1"}\n\n')
    for (let at = 0; at < frame.length; at += 1)
      expect(decode([frame.subarray(0, at)])).to.deep.equal([])
  })

  it('splits at nothing but line ends', () => {
    const data = JSON.stringify({ text: '\u2028\u2029\u0085\v\f' })
    expect(decode([Buffer.from(`data: ${data}\n\n`)])).to.deep.equal([data])
  })
})

describe('createFrameDecoder with arbitrary input', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'data: {"a":1}\n\n',
      'data:x\r\n\r\n',
      ': c\n\n',
      'data: y\r\r',
      '\n',
      '\r',
      'data',
      '\uFEFF',
      'event: e\n',
    ),
    fc.string({ unit: 'binary', maxLength: 30 }),
  )

  it('gives the same events however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (pieces, sizes) => {
          const bytes = Buffer.from(pieces.join(''))
          expect(decode(inPieces(bytes, sizes))).to.deep.equal(decode([bytes]))
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('throws nothing but frame_too_large', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        try {
          decode(
            chunks.map((each) => Buffer.from(each)),
            500,
          )
        } catch (error) {
          expect(WireError.is(error) && error.code).to.equal('frame_too_large')
        }
      }),
      { numRuns: 2000 },
    )
  })

  for (const [shape, start] of [
    ['one line', 'data: '],
    ['a line without a name', 'x'],
    ['one line after a comment', ': c\ndata: '],
  ] as const) {
    it(`stops at the limit for ${shape} that does not end`, () => {
      const endless = [
        Buffer.from(start),
        ...Array.from({ length: 20 }, () => Buffer.alloc(100, 'x')),
      ]
      expect(() => decode(endless, 1000))
        .to.throw(WireError)
        .with.property('code', 'frame_too_large')
      expect(() => decode(endless.slice(0, 9), 1000)).to.not.throw()
    })
  }

  it('stops at the limit for data lines that never become an event', () => {
    const lines = Array.from({ length: 300 }, () => Buffer.from('data: 0123456789\n'))
    expect(() => decode(lines, 1000))
      .to.throw(WireError)
      .with.property('code', 'frame_too_large')
  })

  it('refuses a complete frame above the limit, and takes one at it', () => {
    const frame = (size: number): Buffer => Buffer.from(`data: ${'x'.repeat(size)}\n\n`)
    expect(decode([frame(1000)], 1008)).to.have.length(1)
    expect(() => decode([frame(1009)], 1008)).to.throw(WireError)
  })
})
