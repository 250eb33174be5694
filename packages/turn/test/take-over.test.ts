import { fault, gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn } from '../src/index.js'
import { openRig, type Rig, observing } from './support/rig.js'

describe('a turn that is taken over in the middle', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  /** Leaves the turn while its tool runs, with a snapshot that has the tool. */
  async function leaveAtTool(): Promise<void> {
    const leave = new AbortController()
    await runTurn(
      rig.options(turnId, 'Hello', {
        signal: leave.signal,
        onReply: observing({
          toolProgressed: ({ part }) => {
            if (part.status === 'running') leave.abort()
          },
        }),
      }),
    )
  }

  it('has the time of a running tool, however silent, and has seen its agent', async () => {
    const build = tool.bash({ command: 'make', description: 'Builds' }, { gate: 'built' })
    rig.impostor.answer(on('Hello', reply(text('Building. '), build, text('Built.'))))
    await leaveAtTool()
    // More time than the budgets give, which leave a slow machine enough for what comes after the tool.
    const polls = 40
    const running = runTurn(
      rig.options(turnId, 'Hello', { budgets: { firstEventMs: 1_000, progressMs: 1_000 } }),
    )
    for (let each = 0; each < polls; each += 1) await rig.impostor.next('GET /session/status')
    rig.impostor.gate('built').open()
    expect(await running).to.include({ status: 'completed' })
  })

  it('gives a run that is repeated no time for the tools of the lost one', async () => {
    const build = tool.bash({ command: 'make', description: 'Builds' }, { gate: 'built' })
    rig.impostor.answer(on('Hello', reply(build, text('Built.'), gate('never'))))
    const running = runTurn(
      rig.options(turnId, 'Hello', { budgets: { progressMs: 300, wallClockMs: 5_000 } }),
    )
    await rig.impostor.gate('built').reached()
    await rig.impostor.restart()
    rig.impostor.gate('built').open()
    expect(await running).to.have.nested.property('error.code', 'budget_progress')
  })
})

describe('turns that share a client', () => {
  let rig: Rig

  beforeEach(async () => {
    rig = await openRig([])
    await rig.rows.database.knex('conversations').insert({ id: 2 })
  })
  afterEach(() => rig.close())

  it('do not share the end of one of them', async () => {
    rig.impostor.answer([on('One', reply(text('One.'))), on('Two', reply(text('Two.')))])
    rig.impostor.fail('GET /path', fault.delay(200))
    const one = await rig.rows.addMessage()
    const two = await rig.rows.addMessage()
    await rig.rows.database.knex('messages').where({ id: two }).update({ conversation_id: 2 })
    const leave = new AbortController()
    let made = 0
    const create: typeof rig.client.session.create = async (...args) => {
      const session = await rig.client.session.create(...args)
      made += 1
      // Both turns wait for the one answer then.
      if (made === 2) setImmediate(() => leave.abort())
      return session
    }
    const client = { ...rig.client, session: { ...rig.client.session, create } }
    const first = runTurn(rig.options(one, 'One', { client, signal: leave.signal }))
    await rig.impostor.next('GET /path')
    const second = runTurn(rig.options(two, 'Two', { client, conversationId: 2 }))
    expect(await first).to.include({ status: 'skipped', reason: 'handed_off' })
    expect(await second).to.include({ status: 'completed' })
  })
})
