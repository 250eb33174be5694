import { reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import type { HostToolCall } from '../src/index.js'
import { type Clock, systemClock } from '../src/clock.js'
import type { Rig } from './support/rig.js'
import { calling, fullName, open, start, weather } from './support/host-tools.js'
import { hurriedClock } from './support/hurried-clock.js'
import { mcpCaller } from './support/mcp-caller.js'

describe('host tools that are called twice with the same input', () => {
  let rig: Rig
  afterEach(() => rig[Symbol.asyncDispose]())

  it('tell nothing to who waits for a call of another session with the same input', async () => {
    rig = await open(calling('weather', { city: 'Oslo' }, 'called'))
    const caller = mcpCaller(rig.client)
    const calls: HostToolCall[] = []
    const clock = hurriedClock({ atOnce: 2 })
    const running = start(caller, weather(calls), { clock })
    await rig.impostor.gate('called').reached()
    const input = { city: 'Oslo' }
    // One is the agent's, the other is that of a session in the same directory that guessed the input.
    const [first, second] = await Promise.all([
      caller.call('weather', input),
      caller.call('weather', input),
    ])
    expect([first.isError, second.isError]).to.deep.equal([true, true])
    expect(calls).to.deep.equal([])
    rig.impostor.gate('called').open()
    await running
  })

  it('run for a call whose same neighbour was taken up and ended in its place', async () => {
    const behind = (gate: string) =>
      tool.call(fullName('weather'), { city: 'Oslo' }, { gate, output: 'as the test says' })
    rig = await open(reply(behind('one'), behind('two'), text('It is done.')))
    const caller = mcpCaller(rig.client)
    const calls: HostToolCall[] = []
    let skipped = 0
    let isOver = false
    const clock: Required<Clock> = {
      ...systemClock,
      monotonic: () => performance.now() + skipped,
      async sleep(ms, options) {
        await systemClock.sleep(Math.min(ms, 25), options)
        if (isOver && ms === 25) skipped += 1_000
      },
    }
    const running = start(caller, weather(calls), { clock })
    await Promise.all([rig.impostor.gate('one').reached(), rig.impostor.gate('two').reached()])
    const input = { city: 'Oslo' }
    // The second request overtakes the first, is given its part, and ends the second part by its answer.
    expect((await caller.call('weather', input)).isError).to.equal(false)
    rig.impostor.gate('two').open()
    expect((await caller.call('weather', input)).isError).to.equal(false)
    expect(new Set(calls.map(({ callKey }) => callKey)).size).to.equal(2)
    isOver = true
    expect((await caller.call('weather', input)).isError).to.equal(true)
    expect(calls).to.have.length(2)
    rig.impostor.gate('one').open()
    expect((await running).status).to.equal('complete')
  })

  it('run for no other in the place of a call that ended before, in an earlier message', async () => {
    const behind = (gate: string) =>
      tool.call(fullName('weather'), { city: 'Oslo' }, { gate, output: 'as the test says' })
    rig = await open(reply(behind('one'), text('Again. '), behind('two'), text('It is done.')))
    const caller = mcpCaller(rig.client)
    const calls: HostToolCall[] = []
    const clock = hurriedClock()
    const running = start(caller, weather(calls), { clock })
    // It ends without having been carried out, as a call that is rejected does.
    await rig.impostor.gate('one').reached()
    rig.impostor.gate('one').open()
    await rig.impostor.gate('two').reached()
    const input = { city: 'Oslo' }
    expect((await caller.call('weather', input)).isError).to.equal(false)
    // A session in the same directory that guessed the input.
    expect((await caller.call('weather', input)).isError).to.equal(true)
    expect(calls).to.have.length(1)
    rig.impostor.gate('two').open()
    expect((await running).status).to.equal('complete')
  })
})
