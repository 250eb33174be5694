import { expect } from 'chai'
import { describe, it } from 'mocha'
import { systemClock } from '../src/clock.js'
import { createManualClock } from '../src/index.js'

describe('createManualClock', () => {
  it('wakes sleepers at their own moments, in order', async () => {
    const clock = createManualClock(1_000)
    const woken: [string, number][] = []
    void clock.sleep(30).then(() => woken.push(['late', clock.now()]))
    void clock.sleep(10).then(async () => {
      woken.push(['early', clock.now()])
      await clock.sleep(5)
      woken.push(['again', clock.now()])
    })
    expect(clock.pending).to.equal(2)
    expect(clock.nextInMs).to.equal(10)
    await clock.advance(30)
    expect(woken).to.deep.equal([
      ['early', 1_010],
      ['again', 1_015],
      ['late', 1_030],
    ])
    expect(clock.now()).to.equal(1_030)
    expect(clock.nextInMs).to.equal(null)
  })

  it('rejects a sleep with the reason of its signal, and forgets it', async () => {
    const clock = createManualClock()
    const abort = new AbortController()
    const sleeping = clock.sleep(10, { signal: abort.signal })
    const reason = new Error('enough')
    abort.abort(reason)
    expect(await sleeping.catch((error: unknown) => error)).to.equal(reason)
    expect(
      await clock.sleep(1, { signal: abort.signal }).catch((error: unknown) => error),
    ).to.equal(reason)
    expect(clock.pending).to.equal(0)
  })

  it('does not run backwards', async () => {
    const error = await createManualClock()
      .advance(-1)
      .catch((each: unknown) => each)
    expect(error).to.be.instanceOf(RangeError)
  })

  it('says when too few sleeps come', async () => {
    const error = await createManualClock()
      .untilPending(1, { timeoutMs: 5 })
      .catch((each: unknown) => each)
    expect(error).to.have.property('code', 'wait_timeout')
  })
})

describe('systemClock', () => {
  it('clears its timer when a sleep is aborted', async () => {
    const abort = new AbortController()
    const { clearTimeout: original } = globalThis
    const cleared: unknown[] = []
    globalThis.clearTimeout = (timer) => {
      cleared.push(timer)
      original(timer)
    }
    const sleeping = systemClock.sleep(60_000, { signal: abort.signal })
    abort.abort(new Error('enough'))
    globalThis.clearTimeout = original
    expect(await sleeping.catch((error: Error) => error.message)).to.equal('enough')
    expect(cleared).to.have.length(1)
  })

  it('reads and waits on the machine’s time', async () => {
    const before = systemClock.now()
    await systemClock.sleep(5)
    expect(systemClock.now()).to.be.greaterThanOrEqual(before + 4)
  })
})
