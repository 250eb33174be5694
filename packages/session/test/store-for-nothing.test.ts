import { expect } from 'chai'
import { describe, it } from 'mocha'
import { storeFor } from '../src/objection.js'

describe('storeFor without what it needs', () => {
  it('says so, and what it is', () => {
    expect(() => storeFor(undefined as never)).to.throw(TypeError, '`Conversation` must extend')
  })
})
