import { gate, on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnResult } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'
import { arrived, costs, ends, looks, post, sessionOf } from './support/inbox.js'

describe('a prompt of someone else in the session of a turn', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const begin = (words: string): Promise<TurnResult> =>
    runTurn(rig.options(turnId, words, { timing: { leaseMs: 300 } }))

  /** From the terminal, another client, or a plug-in. */
  async function byOther(words: string, noReply = false): Promise<string> {
    const sessionId = await sessionOf(rig)
    const parts = [{ type: 'text' as const, text: words }]
    const before = new Set(
      (await rig.client.session.messages(sessionId)).map(({ info }) => info.id),
    )
    await rig.client.session.promptAsync(sessionId, { parts, noReply })
    const messages = await rig.client.session.messages(sessionId)
    return messages.find(({ info }) => info.role === 'user' && !before.has(info.id))?.info.id ?? ''
  }

  it('that begins a run of its own after ours is no part of it, and neither is its cost', async () => {
    rig.impostor.answer([
      on('Hello', reply(text('Mine '), gate('mine'), text('alone.'))),
      on('Theirs', reply(text('Theirs.'))),
    ])
    const running = begin('Hello')
    await rig.impostor.gate('mine').reached()
    const theirs = await byOther('Theirs')
    rig.impostor.gate('mine').open()
    const result = await running
    expect(result).to.include({ status: 'completed', ending: 'answered', answeredBy: null })
    expect(result).to.have.property('foreign').deep.equal([theirs])
    expect(result).to.have.property('steered').deep.equal([])
    expect(await ends(rig)).to.deep.equal(['completed: Mine alone.'])
    expect((await costs(rig)).rows).to.equal(100)
  })

  it('in the middle of our tools is answered with ours, and ours is whole', async () => {
    rig.impostor.answer([on('Hello', reply(...looks)), on('Theirs', reply(text('For both.')))])
    const running = begin('Hello')
    await rig.impostor.gate('look').reached()
    const theirs = await byOther('Theirs')
    rig.impostor.gate('look').open()
    const result = await running
    expect(result).to.include({ status: 'completed', ending: 'answered', answeredBy: theirs })
    expect(result).to.have.property('foreign').deep.equal([theirs])
    expect(await ends(rig)).to.deep.equal(['completed: I look.\n\nFor both.'])
  })

  it('without a reply, as a plug-in writes it, is noted', async () => {
    rig.impostor.answer([
      on('Hello', reply(text('Mine '), gate('mine'), text('alone.'))),
      on('A note', reply(text('Noted.'))),
    ])
    const running = begin('Hello')
    await rig.impostor.gate('mine').reached()
    const note = await byOther('A note', true)
    rig.impostor.gate('mine').open()
    const result = await running
    expect(result).to.include({ status: 'completed', ending: 'answered' })
    expect(result).to.have.property('foreign').deep.equal([note])
    expect(await ends(rig)).to.deep.equal(['completed: Mine alone.'])
  })

  it('between two of our messages is shared by the one that comes after ours, and both rows are whole', async () => {
    rig.impostor.answer([on('Hello', reply(...looks)), on('Theirs', reply(text('For all.')))])
    const running = begin('Hello')
    await rig.impostor.gate('look').reached()
    const later = await post(rig, 'And this', 'steer')
    await arrived(rig, 2)
    await byOther('Theirs')
    rig.impostor.gate('look').open()
    const result = await running
    const { prompt_id: answeredBy } = await rig.rows.row(later)
    expect(result).to.include({ ending: 'steered', answeredBy })
    expect(await ends(rig)).to.deep.equal(['completed: I look.', 'completed: For all.'])
  })

  it('that was there before is none of the turn’s', async () => {
    rig.impostor.answer([
      on('Hello', reply(text('One.'))),
      on('Theirs', reply(text('Theirs.'))),
      on('Again', reply(text('Two.'))),
    ])
    await begin('Hello')
    await byOther('A note', true)
    turnId = await rig.rows.addMessage()
    const result = await begin('Again')
    expect(result).to.have.property('foreign').deep.equal([])
    expect((await ends(rig)).at(-1)).to.equal('completed: Two.')
  })
})
