import { createLocalNotifier, createSessionStore } from '@turnstead/session'
import { gate, on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnNotice, type TurnStore } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

describe('a notice about a turn', () => {
  let rig: Rig
  let turnId: number
  beforeEach(async () => {
    rig = await openRig(on('Hello', reply(text('Partial.'), gate('more'), text('Rest.'))))
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  /** A lease so long that no beat comes in time. */
  const timing = { leaseMs: 3_600_000 }

  it("brings a person's cancel from another process to the agent before the next beat", async () => {
    const notifier = createLocalNotifier()
    const { knex } = rig.rows.database
    const worker = createSessionStore({ knex, notifier })
    const web = createSessionStore({ knex, notifier })
    const running = runTurn(rig.options(turnId, 'Hello', { store: worker, timing }))
    await rig.impostor.gate('more').reached()
    await web.cancel({ turnId, reason: 'user' })
    expect(await running).to.include({ status: 'cancelled' })
  })

  it('makes the worker ask when a cancel or a lost notice is told, and for nothing else', async () => {
    const { store } = rig.rows
    let wake = (_notice: TurnNotice): void => undefined
    let isStopped = false
    let renewals = 0
    let onRenewed = (): void => undefined
    const watched: TurnStore = {
      ...store,
      watch: (_id, woken) => {
        wake = woken
        return () => (isStopped = true)
      },
      renew: async (...args) => {
        renewals += 1
        return await store.renew(...args).finally(onRenewed)
      },
    }
    const running = runTurn(rig.options(turnId, 'Hello', { store: watched, timing }))
    await rig.impostor.gate('more').reached()
    for (const type of ['changed', 'settled'] as const) wake({ type })
    for (const type of ['missed', 'cancelled'] as const) {
      const renewed = new Promise<void>((resolve) => (onRenewed = resolve))
      wake({ type })
      await renewed
    }
    expect(renewals).to.equal(2)
    rig.impostor.gate('more').open()
    expect(await running).to.include({ status: 'completed' })
    expect(isStopped).to.equal(true)
  })
})
