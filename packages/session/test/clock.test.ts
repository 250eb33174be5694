import { expect } from 'chai'
import { describe, it } from 'mocha'
import { systemClock } from '../src/clock.js'

describe('the clock of the machine', () => {
  it('sleeps longer than a timer can, until it is aborted', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const sleeping = systemClock.sleep(2 ** 31 + 5, { signal: controller.signal })
    const outcome = await Promise.race([
      sleeping.catch((error: unknown) => error),
      new Promise((resolve) => setTimeout(resolve, 20, 'still asleep')),
    ])
    expect(outcome).to.equal('still asleep')
    controller.abort(reason)
    expect(await sleeping.catch((error: unknown) => error)).to.equal(reason)
  })
})
