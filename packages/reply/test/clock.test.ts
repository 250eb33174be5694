import { expect } from 'chai'
import { describe, it } from 'mocha'
import { systemClock } from '../src/streaming/clock.js'
import { turnOfTheLoop } from './support/turn-of-the-loop.js'

describe('the clock of the machine', () => {
  it('waits longer than a timer can, and leaves nothing after an abort', async () => {
    const warnings: string[] = []
    const warn = ({ name }: Error): void => void warnings.push(name)
    process.on('warning', warn)
    const stop = new AbortController()
    const waiting = systemClock.sleep(2 ** 33, { signal: stop.signal })
    await turnOfTheLoop()
    stop.abort(new Error('enough'))
    const reason: unknown = await waiting.catch((error: unknown) => error)
    process.off('warning', warn)
    expect(String(reason)).to.include('enough')
    expect(warnings).to.deep.equal([])
  })
})
