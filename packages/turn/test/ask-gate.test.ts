import { createReply, type Reply } from '@turnstead/reply'
import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { steady } from '../src/clock.js'
import { createLivePublisher } from '../src/live/publish.js'
import { createAskGate } from '../src/run/ask-gate.js'
import { liveTopic, watchTopic } from '../src/live/topics.js'
import { writeWatch } from '../src/live/messages.js'
import { createTestNotifier } from './support/test-notifier.js'

function openReply(): Reply {
  return createReply({ sessionId: 'ses_1', promptId: 'msg_1' })
}

function asks(reply: Reply, id: string): void {
  reply.apply({
    type: 'permission.asked',
    properties: {
      id,
      sessionID: 'ses_1',
      permission: 'edit',
      patterns: ['a.txt'],
      metadata: {},
      always: [],
    },
  })
}

describe('an ask that others are shown', () => {
  const manual = createManualClock(1)
  const clock = steady(manual)

  it('is in the row by then', () => {
    const gate = createAskGate(clock, true)
    const reply = openReply()
    expect(gate.isOpen(reply)).to.equal(true)
    asks(reply, 'per_1')
    expect(gate.isOpen(reply)).to.equal(false)
    gate.stored(['per_1'])
    expect(gate.isOpen(reply)).to.equal(true)
    asks(reply, 'per_2')
    expect(gate.isOpen(reply)).to.equal(false)
  })

  it('is not kept back for good by a store that is away, nor by one that keeps none', async () => {
    const reply = openReply()
    asks(reply, 'per_1')
    const away = createAskGate(clock, true)
    expect(away.isOpen(reply)).to.equal(false)
    await manual.advance(2_999)
    expect(away.isOpen(reply)).to.equal(false)
    await manual.advance(1)
    expect(away.isOpen(reply)).to.equal(true)
    expect(createAskGate(clock, false).isOpen(reply)).to.equal(true)
    const refused = createAskGate(clock, true)
    refused.lift()
    expect(refused.isOpen(reply)).to.equal(true)
  })

  it('has a wait of its own, whatever another one has waited', async () => {
    const gate = createAskGate(clock, true)
    const reply = openReply()
    asks(reply, 'per_1')
    expect(gate.isOpen(reply)).to.equal(false)
    await manual.advance(2_900)
    asks(reply, 'per_2')
    expect(gate.isOpen(reply)).to.equal(false)
    await manual.advance(100)
    expect(gate.isOpen(reply)).to.equal(false)
    gate.stored(['per_2'])
    expect(gate.isOpen(reply)).to.equal(true)
  })

  it('is sent with all that came before it, in order, once the row has it', async () => {
    const notifier = createTestNotifier()
    const heard: string[] = []
    await notifier.listen(liveTopic(1), (payload) => void heard.push(payload ?? ''))
    const gate = createAskGate(clock, true)
    const reply = openReply()
    const publisher = createLivePublisher({
      notifier,
      turnId: 1,
      fence: 1,
      clock,
      mayShow: (each) => gate.isOpen(each),
      report: (error) => expect.fail(String(error)),
    })
    publisher.follow(reply)
    const pass = async (): Promise<void> => {
      for (let count = 0; count < 10; count += 1) {
        await manual.advance(50)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await notifier.notify(watchTopic(1), writeWatch(null))
    await pass()
    const before = heard.length
    asks(reply, 'per_1')
    await pass()
    expect(heard).to.have.length(before)
    gate.stored(['per_1'])
    await pass()
    expect(heard.slice(before).join('')).to.include('per_1')
    await publisher.close()
  })
})
