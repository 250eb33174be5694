import { expect } from 'chai'
import { describe, it } from 'mocha'
import { backoffMs } from '../../src/server/backoff.js'

describe('backoffMs', () => {
  const options = { baseMs: 100, maxMs: 1000 }

  it('does not wait before the first attempt, then doubles up to the bound', () => {
    const waits = [1, 2, 3, 4, 5, 6, 60].map((attempt) => backoffMs(attempt, options, () => 1))
    expect(waits).to.deep.equal([0, 100, 200, 400, 800, 1000, 1000])
  })

  it('is random in its upper half', () => {
    expect(backoffMs(4, options, () => 0)).to.equal(200)
  })
})
