import { expect } from 'chai'
import { describe, it } from 'mocha'
import { EventClock, isNewer } from '../src/state/event-order.js'

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

describe('EventClock', () => {
  const counted = (count: number): string => id(count.toString(16).padStart(12, '0'))

  it('takes each event once, at any distance', () => {
    const clock = new EventClock()
    for (let count = 1; count <= 500; count += 1)
      expect(clock.accept(counted(count))).to.equal(true)
    for (let count = 1; count <= 500; count += 1)
      expect(clock.accept(counted(count)), `${count}`).to.equal(false)
  })

  it('takes events that are new although the clock of the server was set back', () => {
    const clock = new EventClock()
    for (let count = 1; count <= 500; count += 1) clock.accept(counted(count * 2))
    expect(clock.accept(counted(999))).to.equal(true)
    expect(clock.accept(counted(999))).to.equal(false)
    expect(clock.accept(counted(1))).to.equal(false)
  })

  it('knows only the order of what came before it was stored', () => {
    const clock = new EventClock(counted(5))
    expect(clock.accept(counted(4))).to.equal(false)
    expect(clock.accept(counted(6))).to.equal(true)
  })

  it('compares ids of another shape one by one', () => {
    const clock = new EventClock()
    for (const each of ['b', 'a', 'c']) expect(clock.accept(each)).to.equal(true)
    for (const each of ['b', 'a', 'c']) expect(clock.accept(each)).to.equal(false)
  })
})
