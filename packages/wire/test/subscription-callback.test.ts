import { expect } from 'chai'
import { describe, it } from 'mocha'

import { createSubscription, type Feed } from '../src/events/subscription.js'
import type { Subscription } from '../src/index.js'

const limits = { frameBytes: 1e9, responseBytes: 1e9, queueEvents: 2, queueBytes: 1e9 }

interface Numbered {
  readonly index: number
}

function open(): { subscription: Subscription<Numbered>; feed: Feed; closed: () => number } {
  let closed = 0
  const hooks = { onClose: () => void (closed += 1), onFollow: () => {} }
  return { ...createSubscription<Numbered>(limits, hooks), closed: () => closed }
}

describe('a subscription with a callback', () => {
  it('calls back in the moment an event comes, after those that waited, and never overflows', async () => {
    const { subscription, feed } = open()
    const seen: unknown[] = []
    feed.push({ index: 0 }, 1)
    feed.push({ index: 1 }, 1)
    const done = subscription.forEach((event) => void seen.push(event))
    await new Promise((resolve) => setImmediate(resolve))
    for (let index = 2; index < 10; index += 1) {
      feed.push({ index }, 1)
      expect(seen).to.have.length(index + 1)
    }
    expect(seen).to.deep.equal(Array.from({ length: 10 }, (_, index) => ({ index })))
    feed.pushGap('reconnect')
    expect(seen.at(-1)).to.deep.equal({ type: 'gap', reason: 'reconnect' })
    subscription.close()
    feed.push({ index: 11 }, 1)
    await done
    expect(seen).to.have.length(11)
  })

  it('rejects with what ended it, also when that was before', async () => {
    const { subscription, feed } = open()
    const seen: unknown[] = []
    feed.push({ index: 0 }, 1)
    feed.end({ error: new Error('gone'), drop: false })
    const rejected = await subscription
      .forEach((event) => void seen.push(event))
      .catch((error: unknown) => error)
    expect(rejected).to.have.property('message', 'gone')
    expect(seen).to.deep.equal([{ index: 0 }])
  })

  it('is closed by a callback that throws', async () => {
    const { subscription, feed, closed } = open()
    const done = subscription
      .forEach(() => {
        throw new Error('of the callback')
      })
      .catch((error: unknown) => error)
    await new Promise((resolve) => setImmediate(resolve))
    feed.push({ index: 0 }, 1)
    expect(closed()).to.equal(1)
    expect(await done).to.have.property('message', 'of the callback')
  })

  it('may be closed by its callback', async () => {
    const { subscription, feed } = open()
    const seen: unknown[] = []
    for (let index = 0; index < 2; index += 1) feed.push({ index }, 1)
    await subscription.forEach((event) => {
      seen.push(event)
      subscription.close()
    })
    expect(seen).to.deep.equal([{ index: 0 }])
  })
})
