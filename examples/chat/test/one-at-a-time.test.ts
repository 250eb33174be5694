import { expect } from 'chai'
import { describe, it } from 'mocha'
import { oneAtATime } from '../src/live/one-at-a-time.js'

describe('oneAtATime', () => {
  it('works once more for all who ask meanwhile, and never twice at once, whenever they ask', async () => {
    let working = 0
    let most = 0
    let times = 0
    const ask = oneAtATime(async () => {
      working += 1
      most = Math.max(most, working)
      times += 1
      await Promise.resolve()
      working -= 1
    })
    const asked: Promise<void>[] = [ask(), ask()]
    // Also while the first one is over and the next has not begun.
    for (let turn = 0; turn < 50; turn += 1) {
      await Promise.resolve()
      asked.push(ask())
    }
    await Promise.all(asked)
    expect(most).to.equal(1)
    expect(times).to.be.above(2)
  })
})
