import { ask, gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn } from '../src/index.js'
import { dyingPorts } from './support/dying-ports.js'
import { openRig, type Rig, observing } from './support/rig.js'

describe('a turn that was cancelled while no worker ran it', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  async function dieAndCancel(): Promise<void> {
    const client = rig.connect()
    const ports = dyingPorts(
      { client, store: rig.rows.store },
      { after: 'client.prompt.send', losesLast: true },
    )
    void runTurn(rig.options(turnId, 'Hello', { client: ports.client, store: ports.store }))
    await ports.died
    await client.close()
    expect(await rig.rows.store.cancel({ turnId })).to.equal(true)
  }

  it('has its agent stopped when the job is run again', async () => {
    rig.impostor.answer(on('Hello', reply(text('On and on.'), gate('more'))))
    await dieAndCancel()
    const result = await runTurn(rig.options(turnId, 'Hello', { store: rig.rows.anotherStore() }))
    expect(result).to.include({ status: 'skipped', reason: 'settled' })
    expect(await rig.client.session.status()).to.deep.equal({})
  })

  it('has its asks rejected', async () => {
    const write = tool.write({ filePath: 'a.txt', content: 'a' })
    rig.impostor.answer(on('Hello', reply(ask.permission(write))))
    await dieAndCancel()
    await rig.impostor.events.next((event) => event.type === 'permission.asked')
    await runTurn(rig.options(turnId, 'Hello', { store: rig.rows.anotherStore() }))
    expect(await rig.client.permission.list()).to.deep.equal([])
  })

  it('leaves the conversation’s next turn alone', async () => {
    rig.impostor.answer([
      on('Hello', reply(text('Gone.'), gate('first'))),
      on('Next', reply(text('Next.'), gate('next'), text(' Done.'))),
    ])
    await dieAndCancel()
    const sessionId = (await rig.rows.store.read(turnId))?.prompt?.sessionId ?? ''
    await rig.client.session.abort(sessionId)
    const nextId = await rig.rows.addMessage()
    let heard: () => void = () => undefined
    const started = new Promise<void>((resolve) => (heard = resolve))
    await rig.rows.database.knex('conversations').update({ turn_owner: null })
    const next = runTurn(
      rig.options(nextId, 'Next', { onReply: observing({ textDelta: () => heard() }) }),
    )
    await started
    await runTurn(rig.options(turnId, 'Hello', { store: rig.rows.anotherStore() }))
    rig.impostor.gate('next').open()
    expect((await next).status).to.equal('completed')
    expect(await rig.rows.row(nextId)).to.include({ text: 'Next. Done.' })
  })
})
