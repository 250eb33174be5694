import { expect } from 'chai'
import { describe, it } from 'mocha'
import { compareCassettes, recordings } from '../laws/cassettes.js'

describe('recordings of the real server', () => {
  it('fold to their final messages from every cut point', () => {
    const { cutPoints, mismatches } = compareCassettes()
    expect(mismatches).to.deep.equal([])
    expect(cutPoints).to.be.above(5000)
  })

  it('are all there', () => {
    expect(new Set(recordings().map(({ name }) => name)).size).to.be.above(90)
  })
})
