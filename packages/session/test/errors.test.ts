import { expect } from 'chai'
import { describe, it } from 'mocha'
import { runInNewContext } from 'node:vm'
import { SessionError } from '../src/index.js'

describe('SessionError', () => {
  it('begins its message with its code', () => {
    const { message } = new SessionError('malformed_row', 'The row is damaged.')
    expect(message).to.equal('[malformed_row] The row is damaged.')
  })

  it('is known by its brand, in any realm', () => {
    const error = new SessionError('row_contended', 'It changed.')
    expect(SessionError.is(error)).to.equal(true)
    const foreign: unknown = runInNewContext(
      "const error = new Error('x'); error[Symbol.for('@turnstead/session.SessionError')] = true; error",
    )
    expect(foreign).not.to.be.instanceOf(Error)
    expect(SessionError.is(foreign)).to.equal(true)
    for (const other of [null, undefined, 'text', new Error('x'), {}]) {
      expect(SessionError.is(other)).to.equal(false)
    }
  })
})
