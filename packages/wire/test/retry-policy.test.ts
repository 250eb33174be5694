import { expect } from 'chai'
import { describe, it } from 'mocha'

import { WireError, type WireErrorCode } from '../src/errors.js'
import { nextDelayMs } from '../src/retry-policy.js'

const policy = { firstDelayMs: 100, maxDelayMs: 1000, stableAfterMs: 0, giveUpAfterMs: 60_000 }
const outage = (code: WireErrorCode, failures = 1, downForMs = 0) => ({
  error: new WireError(code, 'x'),
  failures,
  downForMs,
})

describe('nextDelayMs', () => {
  it('waits any time up to a bound that doubles and stays below the maximum', () => {
    const bounds = [1, 2, 3, 4, 5, 50, 5000].map((failures) =>
      nextDelayMs(policy, outage('connection', failures), () => 1),
    )
    expect(bounds).to.deep.equal([100, 200, 400, 800, 1000, 1000, 1000])
    expect(nextDelayMs(policy, outage('timeout', 3), () => 0)).to.equal(0)
  })

  it('tries again after trouble of network and server only', () => {
    const retried = (code: WireErrorCode): boolean =>
      nextDelayMs(policy, outage(code), () => 1) !== null
    const codes: WireErrorCode[] = [
      'connection',
      'timeout',
      'server_error',
      'rate_limited',
      'frame_too_large',
    ]
    expect(codes.every(retried)).to.equal(true)
    const refusals: WireErrorCode[] = [
      'unauthorized',
      'forbidden',
      'not_found',
      'malformed_response',
      'closed',
    ]
    expect(refusals.some(retried)).to.equal(false)
  })

  it('stops when the stream was down for too long', () => {
    expect(nextDelayMs(policy, outage('connection', 9, 60_000), () => 1)).to.equal(null)
  })
})
