import { WireError } from '@turnstead/wire'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { lineOf } from '../src/log.js'

describe('the line of an error in the log', () => {
  it('is what an error of our packages says, and why, without a stack', () => {
    const cause = new Error('connect ECONNREFUSED')
    const error = new WireError('connection', 'GET /session failed', { cause })
    const line = lineOf(error, 'conversation 1, turn 2, poll')
    expect(line.split('\n')).to.have.lengthOf(1)
    expect(line).to.match(/^conversation 1, turn 2, poll: .*GET \/session failed/)
    expect(line).to.contain('ECONNREFUSED').and.not.contain(' at ')
  })

  it('has the stack of what no one expected', () => {
    expect(lineOf(new TypeError('oops'))).to.contain('log.test')
    expect(lineOf('a word')).to.equal('a word')
  })
})
