import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { setImmediate } from 'node:timers/promises'
import { steady } from '../src/clock.js'
import { createLivePublisher } from '../src/live/publish.js'

describe('a worker that shows its reply to other processes', () => {
  it('says so only when it hears those who then ask, or the first words would be late', async () => {
    const order: string[] = []
    let listens: () => void = () => undefined
    const listening = new Promise<void>((resolve) => (listens = resolve))
    const publisher = createLivePublisher({
      notifier: {
        async listen() {
          await listening
          order.push('listens')
          return () => undefined
        },
        notify: async (_, payload) => void order.push(payload),
      },
      turnId: 1,
      fence: 1,
      clock: steady(createManualClock(0)),
      mayShow: () => true,
      report: (error) => expect.fail(String(error)),
    })
    await setImmediate()
    expect(order).to.deep.equal([])
    listens()
    await setImmediate()
    expect(order[0]).to.equal('listens')
    expect(order[1]).to.include('began')
    await publisher.close()
  })
})
