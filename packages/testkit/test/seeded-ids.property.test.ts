import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { seededIds } from '../src/index.js'

describe('seededIds', () => {
  it('gives equal sequences for equal seeds', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 20 }), (seed, count) => {
        const [one, other] = [seededIds(seed), seededIds(seed)]
        for (let index = 0; index < count; index += 1)
          expect(one.id('msg')).to.equal(other.id('msg'))
      }),
    )
  })

  it('makes ids that sort as they were made, and session ids the other way round', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2, maxLength: 30 }),
        (steps) => {
          const ids = seededIds(7)
          let now = 1_795_000_000_000
          const made = steps.map((step) => ids.id('prt', { nowMs: (now += step) }))
          expect(made.toSorted()).to.deep.equal(made)
          const sessions = steps.map((step) =>
            ids.id('ses', { nowMs: (now += step), descending: true }),
          )
          expect(sessions.toSorted()).to.deep.equal(sessions.toReversed())
        },
      ),
    )
  })

  it('has the shape of the server’s ids', () => {
    expect(seededIds(1).id('per', { nowMs: 1_795_175_389_853 })).to.match(
      /^per_[0-9a-f]{12}[0-9A-Za-z]{14}$/u,
    )
  })
})
