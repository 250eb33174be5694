import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import sinon from 'sinon'

import { processIdentity } from '../../src/server/process/process-identity.js'

describe('processIdentity', () => {
  afterEach(() => sinon.restore())

  it('is the same for hosts in different time zones, where there is no /proc', () => {
    sinon.stub(process, 'platform').value('darwin')
    const [tokyo, utc] = ['Asia/Tokyo', 'UTC'].map((TZ) => {
      sinon.stub(process, 'env').value({ ...process.env, TZ })
      return processIdentity(process.pid)
    })
    expect(tokyo).to.contain(`${process.pid}/`)
    expect(tokyo).to.equal(utc)
  })

  it('is null for a process that there is not', () => {
    expect(processIdentity(2 ** 22 + 1)).to.equal(null)
    sinon.stub(process, 'platform').value('darwin')
    expect(processIdentity(2 ** 22 + 1)).to.equal(null)
  })
})
