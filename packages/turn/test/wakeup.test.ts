import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { steady } from '../src/clock.js'
import { createWakeup } from '../src/run/wakeup.js'

const never = new AbortController().signal

describe('createWakeup', () => {
  it('wakes by a call before the time', async () => {
    const wakeup = createWakeup(steady(createManualClock()))
    const waiting = wakeup.wait(60_000, never)
    wakeup.wake()
    await waiting
  })

  it('keeps a call that came while no one waited, once', async () => {
    const clock = createManualClock()
    const wakeup = createWakeup(steady(clock))
    wakeup.wake()
    wakeup.wake()
    await wakeup.wait(60_000, never)
    let isAwake = false
    const second = wakeup.wait(1_000, never).then(() => (isAwake = true))
    await Promise.resolve()
    expect(isAwake).to.equal(false)
    await clock.advance(1_000)
    await second
  })

  it('rejects with the abort reason, before and during the wait', async () => {
    const wakeup = createWakeup(steady(createManualClock()))
    const controller = new AbortController()
    const reason = new Error('stop')
    const waiting = wakeup.wait(60_000, controller.signal)
    controller.abort(reason)
    expect(await waiting.catch((error: unknown) => error)).to.equal(reason)
    const later = wakeup.wait(60_000, controller.signal)
    expect(await later.catch((error: unknown) => error)).to.equal(reason)
  })

  it('leaves no timer on the clock', async () => {
    const clock = createManualClock()
    const wakeup = createWakeup(steady(clock))
    const waiting = wakeup.wait(60_000, never)
    wakeup.wake()
    await waiting
    expect(clock.pending).to.equal(0)
  })
})
