import { expect } from 'chai'
import { describe, it } from 'mocha'
import { reply, text } from '../src/index.js'

describe('reply without what it needs', () => {
  it('says so, and what it is', () => {
    expect(() => reply('Hello' as never)).to.throw(TypeError, "`reply(text('Hello.'))`")
    expect(() => reply(text('Hello'), ['more' as never])).to.throw(TypeError, 'is a step')
  })
})
