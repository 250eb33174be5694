import { ask, reply, text, tool } from '@turnstead/testkit'
import { waitForPerson } from '@turnstead/turn'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { createAgent } from '../bench/simulated-run.js'
import { answerTask, type OpenCodeRunOutput, opencodeTask } from '../src/index.js'
import { createScreen } from '../src/run/screen.js'
import { execute, lastOf, openRig, type Rig } from './support/rig.js'

const asking = reply(
  ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })),
  text('It is written.'),
)

describe('what the agent of a run asks', () => {
  let rig: Rig
  afterEach(() => rig[Symbol.asyncDispose]())

  it('is rejected by default, and the run says so', async () => {
    rig = await openRig(asking)
    const last = await lastOf(execute(opencodeTask({ client: rig.client }), { prompt: 'Go' }))
    expect(last).to.include({ status: 'error' })
    expect(last.error?.code).to.equal('ask_rejected')
    expect(last.asks.map(({ state }) => state)).to.deep.equal(['rejected'])
    // What goes to a page has no path of the machine.
    expect(JSON.stringify(last)).not.to.contain(rig.impostor.directory)
    expect(rig.impostor.readFile('a.txt')).to.equal(null)
  })

  it('is decided by rules as data', async () => {
    rig = await openRig(asking)
    const task = opencodeTask({
      client: rig.client,
      asks: { rules: [{ tool: 'write', path: '*.txt', action: 'allow' }] },
    })
    const last = await lastOf(execute(task, { prompt: 'Go' }))
    expect(last).to.include({ status: 'complete', summary: 'It is written.' })
    expect(rig.impostor.readFile('a.txt')).to.equal('a')
  })

  it('is shown to a person at once, who answers it once', async () => {
    rig = await openRig(asking)
    const task = opencodeTask({
      client: rig.client,
      scope: 'chat-1',
      asks: waitForPerson,
      intervalMs: 10,
    })
    const toolCallId = 'call_0'
    const results: unknown[] = []
    let last: OpenCodeRunOutput | null = null
    for await (const output of execute(task, { prompt: 'Go' }, { toolCallId })) {
      last = output
      const askId = output.asks.find(({ state }) => state === 'open')?.id
      if (askId === undefined || results.length > 0) continue
      const answer = { toolCallId, askId, decision: { action: 'allow' } } as const
      for (const request of [answer, { ...answer, scope: 'chat-2' }]) {
        expect(await answerTask(request)).to.include({ accepted: false, reason: 'missing' })
      }
      for (let times = 0; times < 2; times += 1) {
        results.push((await answerTask({ ...answer, scope: 'chat-1', by: 'user-7' })).accepted)
      }
    }
    expect(results).to.deep.equal([true, false])
    expect(last).to.include({ status: 'complete', summary: 'It is written.' })
    expect(last?.asks.map(({ state }) => state)).to.deep.equal(['answered'])
    const late = { toolCallId, scope: 'chat-1', askId: 'x', decision: { action: 'allow' } } as const
    expect(await answerTask(late)).to.include({ accepted: false, reason: 'missing' })
  })

  it('is found among calls with the same id, as some models give them', async () => {
    rig = await openRig(asking)
    const task = opencodeTask({ client: rig.client, asks: waitForPerson, intervalMs: 10 })
    const answering = async (prompt: string): Promise<string | undefined> => {
      let status: string | undefined
      for await (const output of execute(task, { prompt }, { toolCallId: 'call_0' })) {
        status = output.status
        for (const { id: askId } of output.asks.filter(({ state }) => state === 'open')) {
          await answerTask({ toolCallId: 'call_0', askId, decision: { action: 'allow' } })
        }
      }
      return status
    }
    const statuses = await Promise.all([answering('One'), answering('Two')])
    expect(statuses).to.deep.equal(['complete', 'complete'])
  })

  it('is shown at once, whatever was sent before', async () => {
    rig = await openRig()
    const agent = createAgent()
    const call = { callId: 'call-1', prompt: 'Go', sessionId: null }
    const screen = createScreen(call, 8_000)
    let sent = 0
    for (let index = 0; index < 400; index += 1) {
      agent.write('some more words ')
      if (screen.next(agent.reply, 0) !== null) sent += 1
    }
    agent.write('and more')
    expect(sent).to.be.within(1, 20)
    expect(screen.next(agent.reply, 0)).to.equal(null)
    agent.ask('per_1')
    expect(screen.next(agent.reply, 0)?.asks.map(({ id }) => id)).to.deep.equal(['per_1'])
  })
})
