import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'

import { parseRangeHeader } from '../src/store/byte-range.js'

describe('parseRangeHeader', () => {
  it('reads one range in each of its forms', () => {
    expect(parseRangeHeader('bytes=0-0', 10)).to.deep.equal({ start: 0, end: 0 })
    expect(parseRangeHeader('bytes=2-', 10)).to.deep.equal({ start: 2, end: 9 })
    expect(parseRangeHeader('bytes=-3', 10)).to.deep.equal({ start: 7, end: 9 })
    expect(parseRangeHeader('bytes=-99', 10)).to.deep.equal({ start: 0, end: 9 })
    expect(parseRangeHeader('bytes=5-99', 10)).to.deep.equal({ start: 5, end: 9 })
  })

  it('says when nothing of the range exists', () => {
    expect(parseRangeHeader('bytes=10-', 10)).to.equal('unsatisfiable')
    expect(parseRangeHeader('bytes=-0', 10)).to.equal('unsatisfiable')
    expect(parseRangeHeader('bytes=0-0', 0)).to.equal('unsatisfiable')
    expect(parseRangeHeader('bytes=-5', 0)).to.equal('unsatisfiable')
  })

  it('ignores what it does not understand', () => {
    for (const header of [
      undefined,
      '',
      'bytes=',
      'bytes=-',
      'lines=0-1',
      'bytes=0-1,3-4',
      'bytes=3-2',
    ]) {
      expect(parseRangeHeader(header, 10), header).to.equal(null)
    }
    for (const header of [
      'bytes=a-b',
      'bytes=1',
      'bytes=0x1-2',
      'bytes=--1',
      `bytes=${'9'.repeat(99)}-`,
    ]) {
      expect(parseRangeHeader(header, 10), header).to.equal(null)
    }
  })

  it('never gives a range outside the object', () => {
    const header = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.option(fc.nat(200)), fc.option(fc.nat(200)))
        .map(([start, end]) => `bytes=${start ?? ''}-${end ?? ''}`),
    )
    fc.assert(
      fc.property(header, fc.nat(100), (text, sizeBytes) => {
        const range = parseRangeHeader(text, sizeBytes)
        if (range === null || range === 'unsatisfiable') return
        expect(range.start).to.be.within(0, range.end)
        expect(range.end).to.be.below(sizeBytes)
      }),
    )
  })
})
