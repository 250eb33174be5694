import { expect } from 'chai'
import { describe, it } from 'mocha'
import sinon from 'sinon'

import { monotonic, systemClock } from '../src/clock.js'
import { startDeadline } from '../src/http/deadline.js'

/** Node would fire timers of this length after one millisecond. */
const tooLong = [2 ** 31, Number.MAX_SAFE_INTEGER]
const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))

describe('systemClock', () => {
  it('goes on evenly when the clock of the machine is set', () => {
    const before = monotonic(systemClock)
    const date = sinon.useFakeTimers({ now: Date.now() - 3_600_000, toFake: ['Date'] })
    try {
      expect(monotonic(systemClock) - before).to.be.within(0, 10_000)
    } finally {
      date.restore()
    }
  })

  it('sleeps longer than a timer can', async () => {
    const stop = new AbortController()
    const { signal } = stop
    const sleeps = [...tooLong, Infinity].map((ms) => systemClock.sleep(ms, { signal }))
    const first = Promise.race(sleeps).catch((reason: unknown) => reason)
    expect(await Promise.race([first, aMoment()])).to.equal(undefined)
    stop.abort('enough')
    const ends = await Promise.allSettled(sleeps)
    expect(ends.map((end) => end.status === 'rejected' && end.reason)).to.deep.equal(
      sleeps.map(() => 'enough'),
    )
  })
})

describe('startDeadline', () => {
  it('does not expire early when it is longer than a timer can be', async () => {
    let expired = 0
    const stops = tooLong.map((ms) => startDeadline(systemClock, ms, () => (expired += 1)))
    await aMoment()
    for (const stop of stops) stop()
    expect(expired).to.equal(0)
  })
})
