import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { killHosts } from '../bench/kills/host-tool-kills.js'

describe('host tools of a host that is killed on the real opencode serve', function () {
  this.timeout(240_000)

  it('are executed once each, those included that are called while no host lives', async function () {
    if (findOpencodeBinary() === null) {
      console.warn('SKIPPED, the real server is not tested: no opencode binary for this platform.')
      this.skip()
    }
    // `npm run bench -- --only task` has a thousand.
    const report = await killHosts({ turns: 2, stepsPerTurn: 6 })
    // The agent sees those fail in which a host died: they were carried out, and the answer is lost.
    expect(report).to.deep.equal({
      calls: 48,
      kills: 2,
      executed: 48,
      twice: 0,
      wrong: 0,
      failed: 2,
    })
  })
})
