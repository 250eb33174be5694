import { CRC32C } from '@google-cloud/storage'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { describe, it } from 'mocha'

import { createCrc32c } from '../src/gcs/crc32c.js'

describe('createCrc32c', () => {
  it('gives what the standard gives', () => {
    const crc = createCrc32c()
    expect(crc.toBase64()).to.equal('AAAAAA==')
    crc.update(Buffer.from('123456789'))
    expect(crc.toBase64()).to.equal('4waSgw==')
  })

  it("gives what the bucket's own client gives, however the bytes are cut", () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })
    fc.assert(
      fc.property(pieces, (chunks) => {
        const [ours, theirs] = [createCrc32c(), new CRC32C()]
        for (const chunk of chunks) {
          ours.update(chunk)
          theirs.update(Buffer.from(chunk))
        }
        expect(ours.toBase64()).to.equal(theirs.toString())
      }),
    )
  })
})
