import { expect } from 'chai'
import { describe, it } from 'mocha'
import { placeUploads } from '../src/uploads.js'

describe('placeUploads without what it needs', () => {
  it('says so, and what it is', async () => {
    const failure = await placeUploads({ directory: '/nowhere' } as never).catch(
      (error: unknown) => error,
    )
    expect(failure)
      .to.be.instanceOf(TypeError)
      .with.property('message')
      .that.contains('`uploads` is missing')
  })
})
