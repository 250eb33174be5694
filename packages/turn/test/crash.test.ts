import { on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnResult } from '../src/index.js'
import { dyingPorts } from './support/frozen-ports.js'
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
      const diedAt: string[] = []
      for (let after = 1; after < enough; after += 1) {
        const prompt = `Crash ${after}`
        rig.impostor.answer(
          on(
            prompt,
            reply(text('One. '), tool.write({ filePath: 'a.txt', content: 'a' }), text('Two.')),
          ),
        )
        const messageId = await rig.rows.addMessage()
        const client = rig.connect()
        const ports = dyingPorts({ client, store: rig.rows.store }, { after, losesLast })
        const first = runTurn(rig.options(messageId, prompt, ports))
        const end = await Promise.race([ports.died.then(() => 'died' as const), first])
        if (end === 'died') diedAt.push(ports.calls.at(-1) ?? '')

        const second = await runTurn(rig.options(messageId, prompt))
        await client.close()
        expect(statusOf(second), `after ${ports.calls.join(', ')}`).to.be.oneOf([
          'completed',
          'skipped: settled',
        ])
        expect(await rig.rows.row(messageId)).to.include({
          status: 'completed',
          text: 'One. \n\nTwo.',
        })
        expect(await rig.userMessages(), `after ${ports.calls.join(', ')}`).to.equal(after)
        rig.impostor.assertComplete()
        if (end !== 'died') break
      }
      expect(diedAt).to.include.members([
        'store.claim',
        'store.recordPrompt',
        'client.session.promptAsync',
        'client.session.messages',
        'store.settle',
      ])
      expect(diedAt.length).to.be.lessThan(enough - 1)
    })
  }
})

function statusOf(result: TurnResult): string {
  return result.status === 'skipped' ? `skipped: ${result.reason}` : result.status
}
