import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createServerWatch } from '../src/agent/server-watch.js'

describe('createServerWatch', () => {
  it('says when a server is there, away, and back; one late answer is no outage', async () => {
    const answers = [false, false, true, false, true, false, false, false, true]
    const states: string[] = []
    const errors: unknown[] = []
    const pauses: number[] = []
    let isOver = (): void => undefined
    const over = new Promise<void>((resolve) => (isOver = resolve))
    const watch = createServerWatch({
      ask: async () => {
        const answer = answers.shift()
        if (answer === undefined) isOver()
        if (answer === false) throw new Error('no answer')
      },
      onState: (state) => states.push(state),
      onError: (error) => errors.push(error),
      signal: new AbortController().signal,
      pause: async (ms) => void pauses.push(ms),
    })
    await watch.ready
    await over
    await watch.close()
    expect(states).to.deep.equal(['up', 'restarting', 'up'])
    expect(errors.map(String)).to.deep.equal(['Error: no answer'])
    expect(Math.max(...pauses), 'seldom while it is there').to.equal(5_000)
    expect(pauses[0], 'often until then').to.equal(500)
  })

  it('gives up waiting when it is closed', async () => {
    const watch = createServerWatch({
      ask: () => Promise.reject(new Error('no answer')),
      onState: () => undefined,
      onError: () => undefined,
      signal: new AbortController().signal,
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    })
    await watch.close()
    const reason = await watch.ready.then(
      () => null,
      (error: unknown) => error,
    )
    expect(reason).to.be.instanceOf(Error)
  })
})
