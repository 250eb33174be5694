import { createManualClock, on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn } from '../src/index.js'
import { followTurn } from '../src/live.js'
import { openRig, type Rig } from './support/rig.js'

describe('a turn that is followed through broken ports', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig(on('Hello', reply(text('Whole answer.'))))
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  it('is not kept waiting for good by a store that does not answer', async () => {
    const clock = createManualClock()
    const store = rig.rows.anotherStore()
    let reads = 0
    const read: typeof store.read = async (id) => {
      reads += 1
      return await (reads === 1 ? new Promise<never>(() => undefined) : store.read(id))
    }
    const hanging = { ...store, read }
    const first = followTurn({ store: hanging, turnId, clock }).catch((error: unknown) => error)
    await clock.advance(10_000)
    expect(String(await first)).to.include('did not say where a turn stands')
    const again = await followTurn({ store: hanging, turnId, clock })
    expect(again?.standing.state).to.equal('pending')
    again?.close()
  })

  it('goes by the rows where the notifier throws, and the turn runs all the same', async () => {
    const throwing = (): never => {
      throw new Error('no notifier')
    }
    const broken = { notify: throwing, listen: throwing }
    const turn = await followTurn({
      store: rig.rows.anotherStore(),
      turnId,
      notifier: broken,
      pollMs: 50,
      onError: () => undefined,
    })
    if (turn === null) return expect.fail()
    const store = { ...rig.rows.store, watch: throwing }
    const result = await runTurn(rig.options(turnId, 'Hello', { notifier: broken, store }))
    expect(result).to.include({ status: 'completed' })
    expect(await turn.ended).to.include({ status: 'completed', text: 'Whole answer.' })
    turn.close()
  })
})
