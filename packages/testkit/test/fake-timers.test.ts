import { createServer } from 'node:net'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import sinon from 'sinon'

import {
  createManualClock,
  fault,
  gate,
  reply,
  retry,
  startImpostor,
  startLeakCheck,
  TestkitError,
  text,
  tool,
  wait,
} from '../src/index.js'
import { createSession, lastText, prompt } from './support/client.js'

describe('waits of the testkit under fake timers', () => {
  afterEach(() => sinon.restore())
  const codeOf = async (waiting: Promise<unknown>): Promise<unknown> =>
    await waiting.then(
      () => 'resolved',
      (error: unknown) => (error instanceof TestkitError ? error.code : error),
    )

  it('end with their own error after timeoutMs', async () => {
    const impostor = await startImpostor([reply(gate('never'))])
    const fake = sinon.useFakeTimers()
    try {
      const limit = { timeoutMs: 20 }
      expect(await codeOf(impostor.events.next(() => false, limit))).to.equal('wait_timeout')
      expect(await codeOf(impostor.next('GET /never', limit))).to.equal('wait_timeout')
      expect(await codeOf(impostor.gate('never').reached(limit))).to.equal('wait_timeout')
      expect(await codeOf(createManualClock().untilPending(1, limit))).to.equal('wait_timeout')
    } finally {
      fake.restore()
      await impostor.close()
    }
  })

  it('let a turn be played to its end, whatever it waits for', async () => {
    // Without `nextTick` no server answers at all.
    const fake = sinon.useFakeTimers({
      toFake: ['setTimeout', 'setInterval', 'setImmediate', 'Date', 'performance'],
    })
    const impostor = await startImpostor([
      reply(
        wait(5),
        text('one two', { paceMs: 2 }),
        retry({ status: 500, retryAfterMs: 5 }),
        tool.bash({ command: 'true' }, { output: '', tookMs: 5 }),
        text('done'),
      ),
    ])
    try {
      const id = await createSession(impostor.url)
      impostor.fail('POST /session/*/prompt_async', fault.delay(5))
      expect(await prompt(impostor.url, id, 'go')).to.equal(204)
      await impostor.events.next((event) => event.type === 'session.idle')
      expect(await lastText(impostor.url, id)).to.equal('done')
      await impostor.restart({ deafMs: 5 })
    } finally {
      fake.restore()
      await impostor.close()
    }
  })

  it('find a leak though the date stands still', async () => {
    const fake = sinon.useFakeTimers({ toFake: ['Date', 'setImmediate', 'performance'] })
    const check = startLeakCheck()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      expect(await codeOf(check.assertClean({ timeoutMs: 20 }))).to.equal('leaked')
    } finally {
      fake.restore()
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
