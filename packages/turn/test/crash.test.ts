import { on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnResult } from '../src/index.js'
import { dyingPorts } from './support/dying-ports.js'
import { openRig, type Rig } from './support/rig.js'

/** More calls than any turn of this suite makes; the loops end when a worker gets through alive. */
const enough = 60

describe('runTurn after a crash of its worker', function () {
  this.timeout(60_000)
  let rig: Rig

  beforeEach(async () => {
    rig = await openRig([])
  })
  afterEach(() => rig.close())

  for (const losesLast of [false, true]) {
    const when = losesLast ? 'with the answer of its last call lost' : 'between two calls'

    it(`ends in one prompt, one run and the whole reply, wherever it died ${when}`, async () => {
      let died = 0
      for (let after = 1; after < enough; after += 1) {
        if ((await crashAndGoOn({ after, losesLast })) !== 'died') break
        died += 1
      }
      expect(died).to.be.within(5, enough - 2)
    })

    // How many polls and snapshots there are depends on the machine: these must be among the calls where it died.
    for (const after of [
      'store.recordPrompt',
      'client.prompt.send',
      'client.message.newest',
      'store.settle',
    ]) {
      it(`ends so too when it died at ${after}, ${when}`, async () => {
        expect(await crashAndGoOn({ after, losesLast })).to.equal('died')
      })
    }
  }

  /** Runs a turn in a worker that dies, and again in one that does not. */
  async function crashAndGoOn(death: Parameters<typeof dyingPorts>[1]): Promise<'died' | 'lived'> {
    const prompt = `Crash ${death.after}`
    const before = await rig.userMessages()
    rig.impostor.answer(
      on(
        prompt,
        reply(text('One. '), tool.write({ filePath: 'a.txt', content: 'a' }), text('Two.')),
      ),
    )
    const turnId = await rig.rows.addMessage()
    const client = rig.connect()
    const ports = dyingPorts({ client, store: rig.rows.store }, death)
    const first = runTurn(rig.options(turnId, prompt, { client: ports.client, store: ports.store }))
    const end = await Promise.race([
      ports.died.then(() => 'died' as const),
      first.then(() => 'lived' as const),
    ])
    const restarted = { store: rig.rows.anotherStore() }
    const second = await runTurn(rig.options(turnId, prompt, restarted))
    await client.close()
    const calls = `after ${ports.calls.join(', ')}`
    expect(statusOf(second), calls).to.be.oneOf(['completed', 'skipped: settled'])
    expect(await rig.rows.row(turnId), calls).to.include({
      status: 'completed',
      text: 'One. \n\nTwo.',
    })
    expect(await rig.userMessages(), calls).to.equal(before + 1)
    rig.impostor.assertComplete()
    return end
  }
})

function statusOf(result: TurnResult): string {
  return result.status === 'skipped' ? `skipped: ${result.reason}` : result.status
}
