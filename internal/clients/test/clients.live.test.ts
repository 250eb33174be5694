import { machineFactor, findOpencodeBinary } from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { flows } from '../src/flows.js'
import { runFlows } from '../src/run-flows.js'

const binary = findOpencodeBinary()
if (binary === null) {
  console.warn('The clients are skipped: no opencode executable; install opencode-linux-x64')
}
const live = binary === null ? it.skip : it

describe('clients of other people, unmodified', () => {
  live('show the same on Impostor as on the real server', async () => {
    // Screens of the terminal program want a quiet machine: `npm run clients` plays them, too.
    const core = flows.filter(
      ({ isCore, name }) => isCore === true && !name.startsWith('opencode attach'),
    )
    const reports = await runFlows(core)
    const wrong = reports.filter(
      ({ broken, differences }) => broken.length + differences.length > 0,
    )
    expect(wrong).to.deep.equal([])
    expect(reports.length).to.equal(core.length).and.to.be.at.least(6)
  }).timeout(120_000 * machineFactor())
})
