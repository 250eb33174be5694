import { on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnResult } from '../src/index.js'
import { openRig, type Rig, observing } from './support/rig.js'

describe('the callbacks of a turn', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([on('Hello', reply(text('Hello you.'))), on('Next', reply(text('Next.')))])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  it('may start the next turn of the conversation', async () => {
    const nextId = await rig.rows.addMessage()
    const next: TurnResult[] = []
    await runTurn(
      rig.options(turnId, 'Hello', {
        onSettled: async () => {
          next.push(await runTurn(rig.options(nextId, 'Next', { owner: 'worker-2' })))
        },
      }),
    )
    expect(next.map((result) => result.status)).to.deep.equal(['completed'])
  })

  it('have their errors reported, those of observers too', async () => {
    await runTurn(
      rig.options(turnId, 'Hello', {
        onReply: observing({
          textDelta: () => {
            throw new Error('observer bug')
          },
        }),
      }),
    )
    expect(rig.reports.join()).to.include('observer: Error: observer bug')
  })
})
