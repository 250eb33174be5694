import { expect } from 'chai'
import { describe, it } from 'mocha'
import { isNewer } from '../src/event-order.js'

const id = (digits: string, tail = 'S1iwZWGyUJ8KpA'): string => `evt_${digits}${tail}`

describe('isNewer', () => {
  it('follows the clock in the id', () => {
    expect(isNewer(id('1f8cd942d001'), id('1f8cd942d000'))).to.equal(true)
    expect(isNewer(id('1f8cd942d000'), id('1f8cd942d001'))).to.equal(false)
    expect(isNewer(id('2f8cd942d000'), id('1f8cd942d001'))).to.equal(true)
  })

  it('takes the same id for a repetition', () => {
    expect(isNewer(id('1f8cd942d001'), id('1f8cd942d001'))).to.equal(false)
  })

  it('goes on over the wrap of the clock', () => {
    expect(isNewer(id('000000000001'), id('fffffffffff0'))).to.equal(true)
    expect(isNewer(id('fffffffffff0'), id('000000000001'))).to.equal(false)
  })

  it('only compares ids of another shape for equality', () => {
    expect(isNewer('b', 'c')).to.equal(true)
    expect(isNewer('c', 'c')).to.equal(false)
    expect(isNewer('evt_zzzzzzzzzzzz', 'evt_0000')).to.equal(true)
  })

  it('takes an event without an id for new', () => {
    expect(isNewer(null, id('1f8cd942d001'))).to.equal(true)
    expect(isNewer(id('1f8cd942d001'), null)).to.equal(true)
  })
})
