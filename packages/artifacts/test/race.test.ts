import { expect } from 'chai'
import { describe, it } from 'mocha'

import { runRace } from '../bench/race/run-race.js'

describe('an attacker in another process', () => {
  it('gets no byte in or out by swapping files and folders for links', async () => {
    const { leakedBytes, swaps, runs, refused } = await runRace(2_000)
    expect(leakedBytes).to.equal(0)
    // It ran, and came in between.
    expect(swaps).to.be.greaterThan(100)
    expect(runs).to.be.greaterThan(0)
    expect(refused.size).to.be.greaterThan(0)
  })
})
