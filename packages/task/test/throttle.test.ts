import { createManualClock, gate, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { opencodeTask } from '../src/index.js'
import { execute, openRig, type Rig } from './support/rig.js'

describe('the pace of outputs', () => {
  let rig: Rig
  afterEach(() => rig[Symbol.asyncDispose]())

  it('is one in `intervalMs` of the given clock, and the last one at once', async () => {
    rig = await openRig(reply(text('First. '), gate('one'), text('Second. '), gate('two')))
    const clock = createManualClock()
    const task = opencodeTask({ client: rig.client, clock, intervalMs: 500 })
    const outputs = execute(task, { prompt: 'Go' })
    expect((await outputs.next()).value).to.include({ status: 'working', sessionId: null })
    const next = outputs.next()
    let isHere = false
    void next.then(() => (isHere = true))
    await rig.impostor.gate('one').reached()
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(isHere).to.equal(false)
    await clock.advance(500)
    expect(JSON.stringify((await next).value)).to.contain('First. ')

    rig.impostor.gate('one').open()
    await rig.impostor.gate('two').reached()
    rig.impostor.gate('two').open()
    let last: unknown
    // The clock stands still: only the end is not waited for.
    for await (const output of outputs) last = output
    expect(last).to.include({ status: 'complete', summary: 'First. Second.' })
  })
})
