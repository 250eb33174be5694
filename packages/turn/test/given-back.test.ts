import { serversMigration } from '@turnstead/session'
import { type Impostor, on, reply, startImpostor, text } from '@turnstead/testkit'
import { type Client, createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { drainServer, runTurn, type TurnClient, type TurnStore } from '../src/index.js'
import { dyingPorts } from './support/dying-ports.js'
import { openRig, type Rig } from './support/rig.js'

/** More calls than it takes to give a turn back; the loop ends when a worker gets through alive. */
const enough = 30

describe('a turn that a worker cannot run, while that worker dies', function () {
  this.timeout(60_000)
  let rig: Rig
  let other: Impostor
  let there: Client

  beforeEach(async () => {
    rig = await openRig(on(/.*/, reply(text('Here.'))))
    other = await startImpostor(on(/.*/, reply(text('There.'))), { seed: 2 })
    there = createClient({ baseUrl: other.url })
    await serversMigration().up(rig.rows.database.knex)
  })
  afterEach(async () => {
    await there.close()
    await other.close()
    await rig.close()
  })

  const run = (turnId: number, client: TurnClient, name: string, more: { store?: TurnStore }) => {
    const options = {
      client: [{ name, client }],
      timing: { leaseMs: 300 },
      onBusy: 'wait',
    } as const
    return runTurn(rig.options(turnId, 'Hello', { ...options, ...more }))
  }
  const asked = async (): Promise<number> => {
    const [session] = await there.session.list()
    const messages = await there.session.messages(session?.id ?? '')
    return messages.filter(({ info }) => info.role === 'user').length
  }

  for (const losesLast of [false, true]) {
    const when = losesLast ? 'with the answer of its last call lost' : 'between two calls'

    it(`is asked once by one that can, wherever it died ${when}, and holds up no drain`, async () => {
      const { store, conversationId } = rig.rows
      await run(await rig.rows.addMessage(), there, 'b', {})
      let died = 0
      for (let after = 1; after < enough; after += 1) {
        const before = await asked()
        const turnId = await rig.rows.addMessage()
        await store.enqueue({ conversationId, turnId, input: { text: 'Hello' } })
        const mortal = { client: rig.client, store: rig.rows.anotherStore() }
        const ports = dyingPorts(mortal, { after, losesLast })
        const dying: TurnStore = { ...ports.store, renewAll: undefined }
        const end = await Promise.race([
          ports.died.then(() => 'died'),
          run(turnId, ports.client, 'a', { store: dying }).then(({ status }) => status),
        ])
        await drainServer({ store, server: 'b', pollMs: 20 })
        expect((await store.read(turnId))?.status).to.be.oneOf(['pending', 'running'])
        await store.markServer({ name: 'b', state: 'active' })
        const result = await run(turnId, there, 'b', { store: rig.rows.anotherStore() })
        expect(result, `after ${after}`).to.include({ status: 'completed', session: 'same' })
        expect(await asked()).to.equal(before + 1)
        if (end !== 'died') break
        died += 1
      }
      expect(died).to.be.within(4, enough - 2)
      expect(await rig.userMessages()).to.equal(0)
    })
  }
})
