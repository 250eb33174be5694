import { gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnActivity, waitForPerson } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

describe('onActivity', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([on('Hello', reply(text('One. '), text('Two. '), text('Three.')))])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  it('is called at the first sign of life, and not again before its time', async () => {
    const seen: TurnActivity[] = []
    const result = await runTurn(
      rig.options(turnId, 'Hello', { onActivity: (activity) => void seen.push(activity) }),
    )
    expect(result.status).to.equal('completed')
    const sessionId = (await rig.rows.store.read(turnId))?.prompt?.sessionId
    expect(seen).to.deep.equal([{ turnId, conversationId: rig.rows.conversationId, sessionId }])
  })

  it('goes on while a tool runs that says nothing', async () => {
    rig.impostor.answer(on('Long', reply(tool.bash({ command: 'x' }, { gate: 'end' }))))
    let count = 0
    const result = await runTurn(
      rig.options(turnId, 'Long', {
        timing: { activityMs: 20 },
        onActivity: () => {
          count += 1
          if (count === 5) rig.impostor.gate('end').open()
        },
      }),
    )
    expect(result.status).to.equal('completed')
    expect(count).to.be.at.least(5)
  })

  it('stops while a person is waited for', async () => {
    rig.impostor.answer(
      on('Ask', reply(tool.write({ filePath: 'a.txt', content: 'a' }), text('Done.'))),
    )
    let count = 0
    const running = runTurn(
      rig.options(turnId, 'Ask', {
        session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
        asks: waitForPerson,
        timing: { activityMs: 10 },
        onActivity: () => void (count += 1),
      }),
    )
    const asked = await rig.impostor.events.next((event) => event.type === 'permission.asked')
    const polled = async (): Promise<void> => {
      for (let times = 0; times < 5; times += 1) await rig.impostor.next('GET /session/status')
    }
    await polled()
    const before = count
    await polled()
    expect(count - before).to.be.at.most(1)
    const { id } = asked.properties as { id: string }
    await rig.client.permission.reply(id, { reply: 'once' })
    expect((await running).status).to.equal('completed')
  })

  it('may fail, now or later', async () => {
    let count = 0
    const onActivity = (): Promise<void> => {
      count += 1
      if (count === 1) throw new Error('at once')
      return Promise.reject(new Error('later'))
    }
    rig.impostor.answer(on('Slow', reply(text('One. '), gate('end'), text('Two.'))))
    const running = runTurn(
      rig.options(turnId, 'Slow', { onActivity, timing: { activityMs: 0.001 } }),
    )
    await rig.impostor.events.next((event) => event.type === 'message.part.delta')
    rig.impostor.gate('end').open()
    expect((await running).status).to.equal('completed')
    expect(rig.reports.join()).to.include('callback: Error: at once')
    expect(rig.reports.join()).to.include('callback: Error: later')
  })
})
