import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createTurnWorker } from '../src/index.js'
import { webhook } from '../src/outbox.js'

describe('a verb without what it needs', () => {
  it('says so, and what it is', () => {
    for (const nothing of [undefined, null] as never[]) {
      expect(() => createTurnWorker(nothing)).to.throw(
        TypeError,
        '`createTurnWorker` takes an object',
      )
      expect(() => webhook(nothing)).to.throw(TypeError, '`url` is missing')
    }
  })
})
