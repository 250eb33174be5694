import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'

import { agentTurns } from '../bench/support/agent-turns.js'
import { openAgent, type Agent } from '../bench/support/agent.js'
import { mismatchesOf } from '../bench/support/mismatches.js'

const title = 'what an agent on the real server does to files'

if (findOpencodeBinary() === null) {
  console.warn(`Skipped: ${title}: there is no opencode executable on this machine.`)
  it(`${title} (skipped: there is no opencode executable)`)
} else {
  describe(title, function () {
    this.timeout(120_000)
    let agent: Agent

    before(async () => {
      agent = await openAgent()
    })

    after(async () => agent?.close())

    for (const turn of agentTurns) {
      it(`is kept from the disk and over the server alike: ${turn.name}`, async () => {
        expect(await mismatchesOf(agent, turn)).to.deep.equal([])
      })
    }
  })
}
