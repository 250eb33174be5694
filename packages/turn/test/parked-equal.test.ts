import { createReply } from '@turnstead/reply'
import { on, reply, text, tool } from '@turnstead/testkit'
import type { AskRecord } from '@turnstead/session'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { setImmediate } from 'node:timers/promises'
import { createAskedBefore } from '../src/asks/asked-before.js'
import {
  type AskDecision,
  type HistoryStore,
  runTurn,
  type TurnOptions,
  waitForPerson,
} from '../src/index.js'
import { wasAsking } from '../src/poll/was-asking.js'
import { openHistory } from './support/history.js'
import { openRig, type Rig } from './support/rig.js'

const allow: AskDecision = { action: 'allow' }
const deny: AskDecision = { action: 'reject', message: 'Not this.' }

/** Two calls of one message that ask in the same words. */
describe('two equal questions of a turn that waits for a person', () => {
  let rig: Rig
  let history: HistoryStore
  let turnId: number

  const add = () => tool.bash({ command: 'echo b >> b.txt' })

  beforeEach(async () => {
    rig = await openRig([on('Twice', reply(add(), add(), text('Done.')), { times: 4 })])
    history = await openHistory(rig)
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const options = (more: Partial<TurnOptions> = {}): TurnOptions =>
    rig.options(turnId, 'Twice', {
      session: { permission: [{ permission: 'bash', pattern: '*', action: 'ask' }] },
      asks: waitForPerson,
      history,
      ...more,
      timing: { parkAfterMs: 60, ...more.timing },
    })
  const asks = async (): Promise<readonly AskRecord[]> =>
    (await rig.rows.store.read(turnId))?.asks ?? []
  const answer = async (number: number, decision: AskDecision): Promise<void> => {
    const askId = (await asks())[number]?.id ?? ''
    const store = rig.rows.anotherStore()
    expect(await store.answerAsk({ turnId, askId, decision, by: 'ada' })).to.include({
      accepted: true,
    })
  }
  const tools = async (): Promise<readonly string[]> => {
    const [session] = await rig.client.session.list()
    const messages = await rig.client.session.messages(session?.id ?? '')
    return messages
      .flatMap(({ parts }) => parts)
      .flatMap((part) => (part.type === 'tool' ? [part.state.status] : []))
  }
  const parked = async (more: Partial<TurnOptions> = {}): Promise<void> => {
    expect(await runTurn(options(more))).to.include({ status: 'skipped', reason: 'waiting' })
  }

  const decided = async (): Promise<readonly string[]> =>
    (await asks()).map(({ state, decision }) => `${state} ${decision?.action ?? 'nothing'}`)

  for (const keep of [true, false]) {
    const data = keep ? '' : ' with its data'
    it(`get each its own answer where the server was lost${data}`, async () => {
      for (const [first, second] of [
        [allow, deny],
        [deny, allow],
      ] as const) {
        turnId = await rig.rows.addMessage()
        await parked()
        expect(await asks()).to.have.length(2)
        const before = (await tools()).filter((status) => status === 'completed').length
        await rig.impostor.restart({ keep })
        await answer(0, first)
        await answer(1, second)
        await runTurn(options())
        expect((await asks()).map(({ decision }) => decision?.action)).to.deep.equal([
          first.action,
          second.action,
          first.action,
          second.action,
        ])
        // A rejection is for all that a session asks: it may come before what was allowed.
        const ran = (await tools()).filter((status) => status === 'completed').length - before
        expect(ran).to.be.below(2)
      }
    })
  }

  it('get no answer of the other: what was left open is asked again', async () => {
    await parked()
    await rig.impostor.restart()
    await answer(1, allow)
    await parked()
    const states = ['closed nothing', 'closed allow', 'open nothing', 'sent allow']
    expect(await decided()).to.deep.equal(states)
    expect(await tools()).to.deep.equal(['running', 'completed'])
    await answer(2, allow)
    expect(await runTurn(options())).to.include({ status: 'completed' })
    expect(await tools()).to.deep.equal(['completed', 'completed'])
  })

  it('that come one after the other get each its own, also where somebody else answered the first', async () => {
    rig.impostor.answer(on('Later', reply(add(), text('Again. '), add(), text('Done.'))))
    const prompt = { text: 'Later' }
    await parked({ prompt })
    await rig.client.permission.reply((await asks())[0]?.id ?? '', { reply: 'once' })
    while ((await tools()).length < 2) await setImmediate()
    // A person who did not know of that.
    await answer(0, allow)
    await parked({ prompt })
    expect(await decided()).to.deep.equal(['closed allow', 'open nothing'])
    expect(await tools()).to.deep.equal(['completed', 'running'])
    await answer(1, allow)
    expect(await runTurn(options({ prompt }))).to.include({ status: 'completed' })
    expect(await tools()).to.deep.equal(['completed', 'completed'])
  })
})

describe('questions of calls that have the same id in two messages', () => {
  const session = 'ses_1'
  const listed = (id: string, command: string, status: string, completed?: number) => ({
    info: {
      id,
      sessionID: session,
      role: 'assistant',
      parentID: 'msg_0',
      time: { created: 2, ...(completed === undefined ? {} : { completed }) },
    },
    parts: [
      {
        id: `prt_${id}`,
        messageID: id,
        sessionID: session,
        type: 'tool',
        tool: 'bash',
        callID: 'call_0',
        state: { status, input: { command }, output: '', metadata: {}, time: { start: 2 } },
      },
    ],
  })
  const asked = (id: string, messageID: string) => ({
    id,
    sessionID: session,
    permission: 'bash',
    patterns: ['*'],
    tool: { messageID, callID: 'call_0' },
  })

  it('are told apart by their messages', () => {
    const answered = createReply({ sessionId: session, promptId: 'msg_0' })
    answered.reconcile(
      [listed('msg_1', 'one', 'completed', 3), listed('msg_2', 'two', 'running')],
      {
        permissions: [asked('per_2', 'msg_2')],
      },
    )
    expect(wasAsking(answered)).to.equal(true)
    const before = createAskedBefore(() => 0)
    before.follow(answered)
    answered.reconcile(
      [listed('msg_1', 'one', 'completed', 3), listed('msg_3', 'one', 'running')],
      {
        permissions: [asked('per_3', 'msg_3')],
      },
    )
    before.follow(answered)
    const ask = answered.asks.find(({ id }) => id === 'per_3')
    if (ask === undefined) throw new Error('it is asked')
    // What is asked now was not asked before: it is about another command.
    expect(before.sameAs(ask)).to.equal(undefined)
  })
})
