import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'

import { createDeltaPatterns, type DeltaPatterns } from '../src/events/delta-patterns.js'
import { isEvent, type ServerEvent } from '../src/events/event-types.js'
import { dataOf, recordedStreams } from './support/cassettes.js'

const partId = (tail: string): string => `prt_1f8e774b7001qfMcBRzo0d${tail}`

const deltaOf = (delta: string, { event = 'AAAA', part = 'aaaa' } = {}): string =>
  JSON.stringify({
    id: `evt_1f8e774b9001w5bWn7HaJB${event}`,
    type: 'message.part.delta',
    properties: {
      sessionID: 'ses_e07189059ffe6sH2qYREDiaEXS',
      messageID: 'msg_1f8e77494001FZDdH1K4uaIjcU',
      partID: partId(part),
      field: 'text',
      delta,
    },
  })

function read(patterns: DeltaPatterns, data: string | Buffer): ServerEvent | null {
  const bytes = Buffer.concat([Buffer.from('data: '), Buffer.from(data), Buffer.from('\n\n')])
  return patterns.read(bytes, 6, bytes.length - 2)
}

/** What the hub does with a frame: the pattern first, then the parser. */
function take(patterns: DeltaPatterns, data: string): { event: unknown; isRead: boolean } {
  const known = read(patterns, data)
  if (known !== null) return { event: known, isRead: true }
  const event: unknown = JSON.parse(data)
  if (isEvent(event)) patterns.learn(data, event)
  return { event, isRead: false }
}

function isJson(text: string): boolean {
  try {
    return JSON.parse(text) !== undefined
  } catch {
    return false
  }
}

function learned(...frames: string[]): DeltaPatterns {
  const patterns = createDeltaPatterns()
  for (const data of frames) patterns.learn(data, JSON.parse(data) as ServerEvent)
  return patterns
}

describe('createDeltaPatterns', () => {
  it('gives the event of the parser for every recorded frame, and reads most deltas', () => {
    let deltas = 0
    let known = 0
    for (const [name, frames] of recordedStreams()) {
      const patterns = createDeltaPatterns()
      for (const data of frames.map(dataOf)) {
        if (data === null) continue
        const { event, isRead } = take(patterns, data)
        expect(JSON.stringify(event), name).to.equal(JSON.stringify(JSON.parse(data)))
        if (isEvent(event) && event.type === 'message.part.delta') deltas += 1
        if (isRead) known += 1
      }
    }
    expect(known / deltas).to.be.above(0.75)
  })

  it('gives the event of the parser, or leaves it to the parser, whatever bytes are changed', () => {
    const patterns = learned(deltaOf('first'))
    let known = 0
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 99 }))
    const change = fc.record({
      at: fc.nat(320),
      drop: fc.oneof(
        { weight: 9, arbitrary: fc.nat(2) },
        { weight: 1, arbitrary: fc.constant(999) },
      ),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 2 }),
        fc.constantFrom('"', '\\', '"}}', '}', ',"delta":"', '\n', '\r', ' ').map(Buffer.from),
      ),
    })
    fc.assert(
      fc.property(text, fc.array(change, { maxLength: 2 }), (delta, all) => {
        let bytes = Buffer.from(deltaOf(delta))
        for (const { at, drop, put } of all) {
          const index = at % bytes.length
          bytes = Buffer.concat([bytes.subarray(0, index), put, bytes.subarray(index + drop)])
        }
        const event = read(patterns, bytes)
        if (event === null) return
        known += 1
        expect(bytes.includes('\n') || bytes.includes('\r')).to.equal(false)
        expect(JSON.stringify(event)).to.equal(JSON.stringify(JSON.parse(bytes.toString())))
      }),
      { numRuns: 5000 },
    )
    expect(known).to.be.above(1000)
  })

  it('leaves a line break between tokens to the decoder', () => {
    const patterns = learned(deltaOf('a'))
    expect(read(patterns, deltaOf('b').replace('"delta":"b"', '"delta":"b"\n'))).to.equal(null)
    expect(read(patterns, deltaOf('b').replace('"delta":"b"', '"delta":\r"b"'))).to.equal(null)
  })

  it('keeps properties that this version does not know', () => {
    const withMore = (delta: string): string =>
      deltaOf(delta).replace('"field"', '"__proto__":"p","more":"m","field"')
    const event = read(learned(withMore('a')), withMore('b'))
    expect(JSON.stringify(event)).to.equal(withMore('b'))
  })

  it('reads the deltas of parts that are streamed at the same time', () => {
    const patterns = learned(deltaOf('a', { part: 'aaaa' }), deltaOf('b', { part: 'bbbb' }))
    for (const part of ['aaaa', 'bbbb', 'aaaa']) {
      expect(read(patterns, deltaOf('c', { part }))).to.deep.equal(
        JSON.parse(deltaOf('c', { part })),
      )
    }
  })

  it('tells parts with the same tail apart', () => {
    const patterns = learned(deltaOf('a'))
    const other = deltaOf('b').replace('prt_1f8e', 'prt_2f8e')
    expect(read(patterns, other)).to.equal(null)
    expect(take(patterns, other).event).to.deep.equal(JSON.parse(other))
    expect(take(patterns, deltaOf('c')).event).to.deep.equal(JSON.parse(deltaOf('c')))
  })

  it('gives an event that has nothing to do with what readers did to another', () => {
    const patterns = createDeltaPatterns()
    const first = JSON.parse(deltaOf('a')) as ServerEvent
    patterns.learn(deltaOf('a'), first)
    Object.assign(first.properties, { sessionID: 'changed', added: true })
    const second = read(patterns, deltaOf('b'))
    Object.assign(second?.properties ?? {}, { field: 'changed' })
    expect(read(patterns, deltaOf('c'))).to.deep.equal(JSON.parse(deltaOf('c')))
  })

  it('leaves other events and other forms of deltas to the parser', () => {
    const other = deltaOf('a').replace('message.part.delta', 'message.part.delte')
    const patterns = learned(deltaOf('a'), other)
    expect(read(patterns, other)).to.equal(null)
    for (const form of [
      deltaOf('a').replace('"field":"text"', '"field":{"a":1}'),
      deltaOf('a').replace(/("field".*),("delta".*)\}\}/, '$2,$1}}'),
      deltaOf('a').replace('"delta":"a"}', '"delta":"a"},"x":1'),
      deltaOf('a').replace('{"id"', '{ "id"'),
      deltaOf('a').replace(',"type"', ',"x":1,"type"'),
      deltaOf('a').slice(0, 210),
      deltaOf('a').replace('"a"}}', '"}}'),
      deltaOf('a').replace('"field":"text"', `"field":"${'x'.repeat(1024)}"`),
    ]) {
      const fresh = learned(deltaOf('a'), ...(isJson(form) ? [form] : []))
      expect(read(fresh, form), form).to.equal(null)
    }
  })

  for (const [what, reshape] of [
    ['has more after the delta', (data: string) => data.replace(/\}\}$/, ',"more":"m"}}')],
    ['has a second id', (data: string) => data.replace(',"type"', ',"id":"x","type"')],
    ['has a longer id', (data: string) => data.replace('"evt_', '"evt__')],
    ['has a second delta', (data: string) => data.replace(',"delta"', ',"delta":"","delta"')],
    ['spans two lines', (data: string) => data.replace('"properties"', '\n"properties"')],
  ] as const) {
    it(`learns nothing from a delta that ${what}`, () => {
      const patterns = learned(reshape(deltaOf('a')))
      expect(read(patterns, deltaOf('b'))).to.equal(null)
      expect(read(patterns, reshape(deltaOf('b')))).to.equal(null)
    })
  }

  it('forgets what it has learned when there is too much of it', () => {
    const patterns = createDeltaPatterns()
    const tail = (index: number): string => String(index).padStart(4, '0')
    for (let index = 0; index <= 1024; index += 1) {
      take(patterns, deltaOf('a', { part: tail(index) }))
    }
    expect(read(patterns, deltaOf('b', { part: tail(0) }))).to.equal(null)
    expect(read(patterns, deltaOf('b', { part: tail(1024) }))).not.to.equal(null)
  })
})
