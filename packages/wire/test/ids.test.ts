import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'

import { compareIds, createMessageId, createPartId, readIdTime } from '../src/index.js'

const wrapMs = 2 ** 36
const wrapAt = Date.UTC(2026, 7, 14, 11, 19, 55)

describe('ids', () => {
  it('have the form of the server', () => {
    const options = { now: () => 1795175389869, random: () => 0 }
    expect(createMessageId(options)).to.equal('msg_1f8ca9aad00100000000000000')
    expect(createPartId(options)).to.equal('prt_1f8ca9aad00200000000000000')
  })

  it('carry the time that the server reads in its own ids', () => {
    const near = 1795175389869
    expect(readIdTime('evt_1f8ca9a980019vU9MJSoGn6OEV', near)).to.be.closeTo(near, 60_000)
    const session = 'ses_e07356562ffelMwpZc9KrCBKH3'
    expect(readIdTime(session, near)).to.equal(1795175389853)
    expect(readIdTime('nope', near)).to.equal(null)
  })

  it('sort ascending within a millisecond, in any number, and when the clock steps back', () => {
    let time = 1795175389869
    const now = (): number => time
    const ids = Array.from({ length: 5000 }, () => createPartId({ now }))
    time -= 60_000
    ids.push(createPartId({ now }))
    time += 60_001
    ids.push(createPartId({ now }))
    expect(ids).to.deep.equal([...ids].sort())
    expect(new Set(ids)).to.have.length(ids.length)
  })

  it('keep the order of the server across the wrap of their clock', () => {
    expect(Math.floor((wrapAt + 1000) / wrapMs) - Math.floor(wrapAt / wrapMs)).to.equal(1)
    const before = createMessageId({ now: () => wrapAt - 60_000 })
    const after = createMessageId({ now: () => wrapAt + 60_000 })
    expect(before > after).to.equal(true)
    expect(compareIds(before, after)).to.equal(-1)
    expect(compareIds(after, before)).to.equal(1)
    expect(compareIds(after, after)).to.equal(0)
  })

  it('tell their time wherever the clock stands', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 43 }), (ms) => {
        expect(readIdTime(createMessageId({ now: () => ms }), ms + 1000)).to.equal(ms)
      }),
    )
  })
})
