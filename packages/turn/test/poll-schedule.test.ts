import { expect } from 'chai'
import { beforeEach, describe, it } from 'mocha'
import { createPollSchedule, type PollSchedule } from '../src/run/poll-schedule.js'

const pollMs = 3_000

describe('createPollSchedule', () => {
  let now: number
  let schedule: PollSchedule

  beforeEach(() => {
    now = 1_000
    schedule = createPollSchedule(() => now, pollMs)
  })

  function pollAt(time: number, seen = { isIdle: false, isSame: false }): void {
    now = time
    schedule.begin()
    schedule.succeeded(seen)
  }

  it('waits a whole interval after the last poll and after the last event', () => {
    expect(schedule.nextAt()).to.equal(4_000)
    pollAt(4_000)
    expect(schedule.nextAt()).to.equal(7_000)
    now = 5_000
    schedule.heard()
    expect(schedule.nextAt()).to.equal(8_000)
  })

  it('polls at once when something calls for it, once', () => {
    pollAt(4_000)
    now = 4_500
    schedule.hint()
    expect(schedule.nextAt()).to.be.at.most(now)
    pollAt(4_500)
    expect(schedule.nextAt()).to.equal(7_500)
  })

  it('keeps a distance between polls however often something calls for them', () => {
    pollAt(4_000)
    now = 4_001
    schedule.hint()
    expect(schedule.nextAt()).to.equal(4_100)
  })

  it('polls closely while the session is idle and its end is not proven', () => {
    pollAt(4_000, { isIdle: true, isSame: false })
    expect(schedule.nextAt()).to.equal(4_500)
  })

  it('counts the quiet from the first of equal idle polls, or from the last event', () => {
    pollAt(4_000, { isIdle: true, isSame: false })
    pollAt(4_500, { isIdle: true, isSame: true })
    now = 5_000
    expect(schedule.quietMs()).to.equal(1_000)
    pollAt(5_000, { isIdle: true, isSame: false })
    expect(schedule.quietMs()).to.equal(0)
    now = 5_600
    schedule.heard()
    now = 5_700
    expect(schedule.quietMs()).to.equal(100)
  })

  it('forgets the quiet when the prompt is sent', () => {
    pollAt(4_000, { isIdle: true, isSame: false })
    now = 9_000
    schedule.sent()
    expect(schedule.quietMs()).to.equal(0)
  })

  it('reads the asks after a gap, after a failed poll, and after four silent intervals', () => {
    expect(schedule.begin()).to.deep.equal({ readsAsks: false, hadGap: false })
    schedule.gap()
    expect(schedule.begin()).to.deep.equal({ readsAsks: true, hadGap: true })
    schedule.asksRead()
    schedule.failed()
    expect(schedule.begin()).to.deep.equal({ readsAsks: true, hadGap: true })
    schedule.asksRead()
    now += 4 * pollMs
    expect(schedule.begin()).to.deep.equal({ readsAsks: true, hadGap: false })
  })

  it('counts how long every poll has failed, and polls closely meanwhile', () => {
    now = 4_000
    schedule.failed()
    expect(schedule.nextAt()).to.equal(4_500)
    now = 6_000
    schedule.failed()
    expect(schedule.unreachableMs()).to.equal(2_000)
    pollAt(6_500)
    expect(schedule.unreachableMs()).to.equal(0)
  })
})
