import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { describe, it } from 'mocha'

import { createSubscription } from '../src/events/subscription.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const limits = { frameBytes: 1e9, responseBytes: 1e9, queueEvents: 4096, queueBytes: 1e9 }

describe('createSubscription', () => {
  it('frees what was read, although its reader is always one event late', async () => {
    const { subscription, feed } = createSubscription(limits, {
      onClose: () => {},
      onFollow: () => {},
    })
    const reader = subscription[Symbol.asyncIterator]()
    const early: WeakRef<object>[] = []
    feed.push({ index: -1 }, 1)
    for (let index = 0; index < 5000; index += 1) {
      const event = { index }
      if (index < 100) early.push(new WeakRef(event))
      feed.push(event, 1)
      await reader.next()
    }
    // A WeakRef holds its target to the end of the turn of the event loop that made it.
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    const kept = early.filter((each) => each.deref() !== undefined)
    expect(kept.length).to.be.below(5)
    subscription.close()
  })

  it('keeps the order while it shortens its queue', async () => {
    const { subscription, feed } = createSubscription<{ index: number }>(limits, {
      onClose: () => {},
      onFollow: () => {},
    })
    const reader = subscription[Symbol.asyncIterator]()
    let next = 0
    for (let index = 0; index < 9000; index += 1) {
      feed.push({ index }, 1)
      if (index < 1500 || index % 2 === 0) continue
      for (let reads = 0; reads < 2; reads += 1) {
        const { value } = await reader.next()
        expect(value).to.deep.equal({ index: next })
        next += 1
      }
    }
    expect(next).to.be.greaterThan(7000)
    subscription.close()
  })
})
