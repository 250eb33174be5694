import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createAlarm } from '../src/run/alarm.js'

const never = new AbortController().signal

describe('createAlarm', () => {
  it('wakes by a ring before the time', async () => {
    const alarm = createAlarm(createManualClock())
    const waiting = alarm.wait(60_000, never)
    alarm.ring()
    await waiting
  })

  it('keeps a ring that came while nobody waited, once', async () => {
    const clock = createManualClock()
    const alarm = createAlarm(clock)
    alarm.ring()
    alarm.ring()
    await alarm.wait(60_000, never)
    let isAwake = false
    const second = alarm.wait(1_000, never).then(() => (isAwake = true))
    await Promise.resolve()
    expect(isAwake).to.equal(false)
    await clock.advance(1_000)
    await second
  })

  it('rejects with the abort reason, before and during the wait', async () => {
    const alarm = createAlarm(createManualClock())
    const controller = new AbortController()
    const reason = new Error('stop')
    const waiting = alarm.wait(60_000, controller.signal)
    controller.abort(reason)
    expect(await waiting.catch((error: unknown) => error)).to.equal(reason)
    const later = alarm.wait(60_000, controller.signal)
    expect(await later.catch((error: unknown) => error)).to.equal(reason)
  })

  it('leaves no timer on the clock behind', async () => {
    const clock = createManualClock()
    const alarm = createAlarm(clock)
    const waiting = alarm.wait(60_000, never)
    alarm.ring()
    await waiting
    expect(clock.pending).to.equal(0)
  })
})
