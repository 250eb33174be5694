import { gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnStore } from '../src/index.js'
import { dyingPorts } from './support/dying-ports.js'
import { costs, post, until } from './support/inbox.js'
import { openRig, type Rig } from './support/rig.js'

/** More calls than any turn of this suite makes; the loops end when a worker gets through alive. */
const enough = 90

describe('a message to a turn whose worker dies', function () {
  this.timeout(120_000)
  let rig: Rig

  beforeEach(async () => {
    rig = await openRig([])
  })
  afterEach(() => rig.close())

  for (const losesLast of [false, true]) {
    const when = losesLast ? 'with the answer of its last call lost' : 'between two calls'

    it(`is asked once, and both rows have their own answers, wherever it died ${when}`, async () => {
      let died = 0
      for (let after = 1; after < enough; after += 1) {
        if ((await crashAndGoOn({ after, losesLast })) !== 'died') break
        died += 1
      }
      expect(died).to.be.within(5, enough - 2)
    })

    for (const after of ['store.readSteers', 'store.takeSteer', 'store.adopt', 'store.settle']) {
      it(`is so too when it died at ${after}, ${when}`, async () => {
        expect(await crashAndGoOn({ after, losesLast })).to.equal('died')
      })
    }
  }

  /** Runs a turn, with a message for it, in a worker that dies, and both again in one that does not. */
  async function crashAndGoOn(death: Parameters<typeof dyingPorts>[1]): Promise<'died' | 'lived'> {
    const mark = `${death.after} ${death.losesLast}`
    const held = `look ${mark}`
    const before = await rig.userMessages()
    rig.impostor.answer([
      on(
        `Hello ${mark}`,
        reply(
          text('I look.'),
          gate(held),
          tool.write({ filePath: 'a.txt', content: 'a' }),
          text('Alone.'),
        ),
      ),
      on(`And this ${mark}`, reply(text('Both.'))),
    ])
    const turnId = await post(rig, `Hello ${mark}`)
    const client = rig.connect()
    const ports = dyingPorts({ client, store: rig.rows.anotherStore() }, death)
    let isDead = false
    void ports.died.then(() => (isDead = true))
    const store: TurnStore = { ...ports.store, renewAll: undefined }
    const timing = { leaseMs: 300 }
    const first = runTurn(
      rig.options(turnId, `Hello ${mark}`, { client: ports.client, store, timing }),
    )
    const end = Promise.race([
      ports.died.then(() => 'died' as const),
      first.then(() => 'lived' as const),
    ])
    const isReached = rig.impostor.gate(held).reached({ timeoutMs: 20_000 })
    isReached.catch(() => undefined)
    await Promise.race([ports.died, isReached])
    const later = await post(rig, `And this ${mark}`, 'steer')
    await until(async () => isDead || (await rig.userMessages()) === before + 2)
    rig.impostor.gate(held).open()
    const went = await end
    const restarted = { timing: { leaseMs: 300 } }
    for (const id of [turnId, later]) {
      const again = { ...restarted, store: rig.rows.anotherStore() }
      await runTurn(rig.options(id, 'ignored', again))
    }
    await client.close()
    const calls = `after ${ports.calls.join(', ')}`
    const [one, two] = [await rig.rows.row(turnId), await rig.rows.row(later)]
    expect(one['status'], calls).to.equal('completed')
    expect(one['text'], calls).to.be.oneOf(['I look.', 'I look.\n\nAlone.'])
    expect(two, calls).to.include({ status: 'completed', text: 'Both.' })
    expect(await rig.userMessages(), calls).to.equal(before + 2)
    const spent = await costs(rig)
    expect(spent.rows, calls).to.equal(spent.server)
    return went
  }
})
