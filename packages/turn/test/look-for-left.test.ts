import { expect } from 'chai'
import { describe, it } from 'mocha'
import { type LeftTurn, type TurnStore } from '../src/index.js'
import { steady } from '../src/clock.js'
import { lookForLeft } from '../src/worker/look-for-left.js'

describe('a look for what crashes left', () => {
  const turnOf = (turnId: number): LeftTurn => ({ turnId, conversationId: turnId })
  const clock = steady({ now: () => Date.now(), sleep: () => new Promise(setImmediate) })

  it('goes further while as many as it looks for stay, as turns of a server that is away', async () => {
    let left = Array.from({ length: 250 }, (_, each) => turnOf(each))
    const limits: number[] = []
    const sweep: TurnStore['sweep'] = async ({ limit = 0 }) => {
      limits.push(limit)
      const strandedTurns = left.slice(0, limit)
      const hasMore = left.length >= limit
      return { strandedTurns, unclosedTurns: [], pendingTurns: [], hasMore }
    }
    let reached: () => void = () => undefined
    const isReached = new Promise<void>((resolve) => (reached = resolve))
    const looking = lookForLeft(
      { store: { sweep }, clock, resumeMs: 1, limit: 100 },
      {
        found: ({ turnId }) => {
          if (turnId !== 249) return
          // The server is back: what it had is run.
          left = []
          reached()
        },
        pending: () => Promise.resolve(),
        failed: (error) => expect.fail(String(error)),
      },
    )
    await isReached
    while (limits.at(-1) !== 100) await new Promise(setImmediate)
    await looking.close()
    expect(limits.slice(0, 6)).to.deep.equal([100, 100, 200, 200, 400, 400])
  })
})
