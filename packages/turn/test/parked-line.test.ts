import { on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import {
  createTurnWorker,
  type HistoryStore,
  resumeTurns,
  runTurn,
  sessionUpstream,
  type TurnOptions,
  type TurnResult,
  type TurnWorkerOptions,
  waitForPerson,
} from '../src/index.js'
import { arrived, ends, post, until } from './support/inbox.js'
import { openHistory } from './support/history.js'
import { openRig, type Rig } from './support/rig.js'

describe('messages to a conversation whose turn waits for a person', () => {
  let rig: Rig
  let turnId: number
  let history: HistoryStore
  const settled: TurnResult[] = []

  beforeEach(async () => {
    settled.length = 0
    rig = await openRig([
      on(
        'Hello',
        reply(text('I write. '), tool.write({ filePath: 'a.txt', content: 'a' }), text('Done.')),
        { times: 3 },
      ),
      on('And this', reply(text('Both.')), { times: 3 }),
      on('Next', reply(text('Next.')), { times: 3 }),
    ])
    history = await openHistory(rig)
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const options = (id = turnId, words = 'Hello', more: Partial<TurnOptions> = {}): TurnOptions =>
    rig.options(id, words, {
      session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
      asks: waitForPerson,
      history,
      onSettled: (result) => void settled.push(result),
      ...more,
      timing: { parkAfterMs: 60, leaseMs: 300, ...more.timing },
    })
  const rowOf = async (id: number) => (await rig.rows.store.read(id)) ?? expect.fail('no row')
  const park = async (): Promise<void> => {
    expect(await runTurn(options())).to.include({ status: 'skipped', reason: 'waiting' })
  }
  const answer = async () => {
    const [ask] = (await rowOf(turnId)).asks ?? []
    const decision = { action: 'allow' } as const
    return await rig.rows.anotherStore().answerAsk({ turnId, askId: ask?.id ?? '', decision })
  }
  const isAsked = async (): Promise<void> =>
    await until(async () => ((await rowOf(turnId)).asks ?? []).length > 0)
  const turnsOfWorker = (more: Partial<TurnWorkerOptions> = {}): TurnWorkerOptions => {
    const { conversationId: _, turnId: __, prompt: ___, ...turns } = options()
    return { ...turns, ...more }
  }
  /** A prompt of someone else into the same session. */
  const theirs = async (): Promise<void> => {
    rig.impostor.answer(on('Theirs', reply(text('For both.')), { times: 3 }))
    const [session] = await rig.client.session.list()
    await rig.client.session.promptAsync(session?.id ?? '', {
      parts: [{ type: 'text', text: 'Theirs' }],
    })
  }
  /** A message that the agent of the turn has before that is parked. */
  const parkWithSteer = async (): Promise<number> => {
    const running = runTurn(options(turnId, 'Hello', { timing: { parkAfterMs: 150 } }))
    await isAsked()
    const later = await post(rig, 'And this', 'steer')
    await arrived(rig, 2)
    expect(await running).to.include({ status: 'skipped', reason: 'waiting' })
    return later
  }

  it('wait in the line, and their jobs are done: whoever ends that turn says who is next', async () => {
    await park()
    const later = await post(rig, 'Next')
    const { dueAt } = await rowOf(turnId)
    const job = await runTurn(options(later, 'Next'))
    expect(job).to.include({ turnId: later, reason: 'queued', mustRunAgain: false })
    expect(job).to.include({ heldUntil: dueAt })
    expect(await rowOf(later)).to.include({ status: 'pending' })
    await answer()
    expect(await runTurn(options())).to.include({ status: 'completed', next: later })
    expect(await runTurn(options(later, 'Next'))).to.include({ status: 'completed', next: null })
    expect(await ends(rig)).to.deep.equal(['completed: I write. \n\nDone.', 'completed: Next.'])
  })

  it('are run after it by the worker that ends it, and by a job of theirs that comes once there is an answer', async () => {
    await using worker = createTurnWorker(turnsOfWorker())
    await worker.run({ conversationId: 1, turnId, prompt: { text: 'Hello' } })
    const [first, second] = [await post(rig, 'Next'), await post(rig, 'Next')]
    expect(await worker.run({ conversationId: 1, turnId: first })).to.include({ reason: 'queued' })
    await answer()
    expect(await worker.run({ conversationId: 1, turnId: first })).to.include({
      status: 'completed',
    })
    await until(async () => (await rowOf(second)).status === 'completed')
    expect(settled.map((each) => each.turnId)).to.deep.equal([turnId, first, second])
  })

  it('are next after its cancel, too', async () => {
    await park()
    const later = await post(rig, 'Next')
    await rig.rows.store.cancel({ turnId })
    expect(await runTurn(options())).to.include({ reason: 'settled' })
    expect(settled.map((each) => each.status !== 'skipped' && each.next)).to.deep.equal([later])
  })

  it('that were put there to reach it wait with it, and are answered once', async () => {
    await park()
    const later = await post(rig, 'And this', 'steer')
    expect(await runTurn(options(later, 'And this'))).to.include({ reason: 'queued' })
    expect(await rig.userMessages()).to.equal(1)
    await answer()
    const result = await runTurn(options())
    expect(result).to.include({ status: 'completed' })
    if ((await rowOf(later)).status === 'pending') await runTurn(options(later, 'And this'))
    expect(await rowOf(later)).to.include({ status: 'completed', text: 'Both.' })
    expect(await rig.userMessages()).to.equal(2)
  })

  it('that its agent has are not looked for while it waits, and are answered in the same run', async () => {
    const later = await parkWithSteer()
    expect(await rowOf(later)).to.include({ status: 'running' })
    expect((await rig.rows.store.sweep({})).strandedTurns).to.deep.equal([])
    expect(await runTurn(options(later, 'And this'))).to.include({
      reason: 'queued',
      mustRunAgain: false,
    })
    await answer()
    expect(await runTurn(options())).to.include({ status: 'completed', ending: 'steered' })
    expect(await ends(rig)).to.deep.equal(['completed: I write. ', 'completed: Both.'])
    expect(settled.map((each) => each.turnId)).to.deep.equal([turnId, later])
    expect(await rig.userMessages()).to.equal(2)
  })

  it('that its agent has are cancelled without a stop of its agent, which waits on', async () => {
    const later = await parkWithSteer()
    await rig.rows.store.cancel({ turnId: later })
    expect(await runTurn(options(later, 'And this'))).to.include({ reason: 'settled' })
    expect(await rig.client.permission.list()).to.have.length(1)
    await answer()
    expect(await runTurn(options())).to.include({ status: 'completed' })
    expect(rig.impostor.readFile('a.txt')).to.equal('a')
    expect(await rowOf(turnId)).to.include({ status: 'completed' })
    expect(await rowOf(later)).to.include({ status: 'cancelled' })
    expect((await rowOf(later)).closedAt).not.to.equal(null)
  })

  /** A worker that leaves once the agent asks, as one that was killed. */
  const leaveAsking = async (): Promise<void> => {
    const leaving = new AbortController()
    const running = runTurn(options(turnId, 'Hello', { signal: leaving.signal }))
    await isAsked()
    leaving.abort(new Error('deploy'))
    expect(await running).to.include({ reason: 'handed_off' })
  }

  it('do not begin in its run when the worker that comes for them parks it', async () => {
    await leaveAsking()
    const later = await rig.rows.addMessage()
    expect(await runTurn(options(later, 'Next'))).to.include({ reason: 'busy', mustRunAgain: true })
    expect(await rowOf(turnId)).to.include({ status: 'waiting' })
    expect((await rig.rows.store.sweep({})).strandedTurns).to.deep.equal([])
    expect(await rig.userMessages()).to.equal(1)
    await answer()
    expect(await runTurn(options())).to.include({ status: 'completed', ending: 'answered' })
    expect(await ends(rig)).to.deep.equal(['completed: I write. \n\nDone.', 'completed: Next.'])
    expect(await rig.userMessages()).to.equal(2)
  })

  it('come after it also where their worker died before it was at them', async () => {
    await leaveAsking()
    const later = await rig.rows.addMessage()
    const leaving = new AbortController()
    const more = { signal: leaving.signal, timing: { parkAfterMs: Infinity } }
    const running = runTurn(options(later, 'Next', more))
    await until(async () => (await rowOf(later)).status === 'running')
    leaving.abort(new Error('deploy'))
    await running
    await answer()
    expect(await runTurn(options())).to.include({ status: 'completed', ending: 'answered' })
    expect(settled.map((each) => each.turnId)).to.deep.equal([turnId, later])
    expect(await ends(rig)).to.deep.equal(['completed: I write. \n\nDone.', 'completed: Next.'])
  })

  it('are run by a sweep where no job of theirs is left', async () => {
    const later = await post(rig, 'Next')
    await rig.rows.addMessage()
    await rig.rows.database.knex('messages').update({ turn_pending_since: 1 })
    const { conversationId: _, turnId: __, prompt: ___, ...turns } = options()
    const report = await resumeTurns(turns)
    expect(report.settled.map((each) => each.turnId)).to.deep.equal([later])
    expect(report.pending.map((each) => each.turnId)).to.deep.equal([turnId, later + 1])
    await post(rig, 'Next')
    await rig.rows.database.knex('messages').update({ turn_pending_since: 1 })
    await using _worker = createTurnWorker(turnsOfWorker())
    await until(async () => (await rowOf(later + 2)).status === 'completed')
  })

  for (const keep of [true, false]) {
    const data = keep ? '' : ' with its data'
    it(`that its agent has come after it where the server was lost${data}, and the answer holds`, async () => {
      const later = await parkWithSteer()
      await rig.impostor.restart({ keep })
      await answer()
      expect(await runTurn(options())).to.include({ status: 'completed' })
      expect(rig.impostor.readFile('a.txt')).to.equal('a')
      expect((await rowOf(turnId)).asks?.map(({ state }) => state)).to.deep.equal([
        'closed',
        'sent',
      ])
      expect(await ends(rig)).to.deep.equal(['completed: I write. \n\nDone.', 'completed: Both.'])
      expect(settled.map((each) => each.turnId)).to.deep.equal([turnId, later])
      expect(await rig.userMessages()).to.equal(2)
    })
  }

  for (const keep of [true, false]) {
    const data = keep ? '' : ' with its data'
    it(`that are to reach it leave it its answer where the server was lost${data} meanwhile`, async () => {
      await park()
      const later = await post(rig, 'And this', 'steer')
      await rig.impostor.restart({ keep })
      await answer()
      // With its next step, or by itself where that was the last.
      expect(await runTurn(options())).to.include({ status: 'completed' })
      expect(rig.impostor.readFile('a.txt')).to.equal('a')
      const asks = await Promise.all([turnId, later].map(async (id) => (await rowOf(id)).asks))
      expect(asks.map((each) => each?.map(({ state }) => state))).to.deep.equal([
        ['closed', 'sent'],
        [],
      ])
      await runTurn(options(later, 'And this'))
      const [first, second] = await ends(rig)
      expect(first).to.match(/^completed: I write\. (\n\nDone\.)?$/)
      expect(second).to.equal('completed: Both.')
      expect(await rig.userMessages()).to.equal(2)
    })
  }

  it('that its agent has are cancelled without a stop of it where its worker died, too', async () => {
    const leaving = new AbortController()
    const running = runTurn(
      options(turnId, 'Hello', { signal: leaving.signal, timing: { parkAfterMs: Infinity } }),
    )
    await isAsked()
    const later = await post(rig, 'And this', 'steer')
    await arrived(rig, 2)
    leaving.abort(new Error('deploy'))
    await running
    await rig.rows.store.cancel({ turnId: later })
    expect(await runTurn(options(later, 'And this'))).to.include({ reason: 'settled' })
    expect(await rig.client.permission.list()).to.have.length(1)
    await answer()
    expect(await runTurn(options())).to.include({ status: 'completed' })
    expect(rig.impostor.readFile('a.txt')).to.equal('a')
    expect((await rowOf(later)).closedAt).not.to.equal(null)
  })

  it('from someone else are answered with it, or lose its question together with the server, which it says', async () => {
    await park()
    await theirs()
    await answer()
    expect(await runTurn(options())).to.include({ status: 'completed', ending: 'answered' })
    expect(rig.impostor.readFile('a.txt')).to.equal('a')
    expect(await ends(rig)).to.deep.equal(['completed: I write. \n\nFor both.'])

    const [first, second] = [turnId, await rig.rows.addMessage()]
    turnId = second
    await park()
    await theirs()
    await rig.impostor.restart()
    await answer()
    expect(await runTurn(options())).to.have.nested.property('error.code', 'server_lost_turn')
    expect(await rowOf(first)).to.include({ status: 'completed' })
    const sessions = await rig.client.session.list()
    const messages = await rig.client.session.messages(sessions[0]?.id ?? '')
    expect(messages.filter(({ info }) => info.role === 'user')).to.have.length(4)
  })

  for (const isEarly of [true, false]) {
    const when = isEarly ? 'before it was parked' : 'while it waited'
    it(`from someone else ${when} are lost with the data of the server, and it goes on`, async () => {
      const running = runTurn(options(turnId, 'Hello', { timing: { parkAfterMs: 150 } }))
      await isAsked()
      if (isEarly) await theirs()
      expect(await running).to.include({ status: 'skipped', reason: 'waiting' })
      if (!isEarly) await theirs()
      await arrived(rig, 2)
      await rig.impostor.restart({ keep: false })
      await answer()
      expect(await runTurn(options())).to.include({ status: 'completed', ending: 'answered' })
      expect(rig.impostor.readFile('a.txt')).to.equal('a')
      expect(await ends(rig)).to.deep.equal(['completed: I write. \n\nDone.'])
      expect(await rig.userMessages()).to.equal(1)
    })
  }

  it('are gone with it when their conversation is removed', async () => {
    const steered = await parkWithSteer()
    const later = await post(rig, 'Next')
    const upstream = sessionUpstream(rig.client)
    const removed = await rig.rows.store.removeConversation(1, upstream)
    expect(removed).to.include({ cancelledTurns: 3, isComplete: true })
    for (const id of [turnId, steered, later]) {
      expect(await runTurn(options(id))).to.include({ reason: 'settled' })
      expect(await rowOf(id)).to.include({ status: 'cancelled', reason: 'removed' })
    }
    expect(await rig.client.session.list()).to.deep.equal([])
    expect(await rig.client.permission.list()).to.deep.equal([])
    const { strandedTurns, dueTurns, unclosedTurns } = await rig.rows.store.sweep({})
    expect([strandedTurns, dueTurns, unclosedTurns]).to.deep.equal([[], [], []])
  })

  it('is not taken back, nor put in the line, while it waits', async () => {
    await park()
    expect(await rig.rows.store.withdraw(turnId)).to.equal('taken')
    const request = { conversationId: 1, turnId, input: { text: 'Hello' } }
    expect(await rig.rows.store.enqueue(request)).to.include({ reason: 'taken' })
  })
})
