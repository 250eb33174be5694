import { on, reply, text, tool } from '@turnstead/testkit'
import type { AskRecord } from '@turnstead/session'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { setImmediate } from 'node:timers/promises'
import {
  ask,
  type AskDecision,
  followTurn,
  type HistoryStore,
  resumeTurns,
  runTurn,
  type TurnOptions,
  type TurnResult,
  waitForPerson,
} from '../src/index.js'
import { openHistory } from './support/history.js'
import { openRig, type Rig } from './support/rig.js'

const allow: AskDecision = { action: 'allow' }

describe('a turn that waits for a person without a worker', () => {
  let rig: Rig
  let history: HistoryStore
  let turnId: number

  const write = (content: string) => tool.write({ filePath: 'a.txt', content })
  const states = async (): Promise<readonly string[]> =>
    (await asks()).map(({ state, answeredBy }) => `${state} ${answeredBy}`)

  beforeEach(async () => {
    rig = await openRig([
      on('Hello', reply(text('I write. '), write('a'), text('Done.')), { times: 3 }),
      on('Next', reply(text('Next.'))),
    ])
    history = await openHistory(rig)
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const options = (more: Partial<TurnOptions> = {}): TurnOptions =>
    rig.options(turnId, 'Hello', {
      session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
      asks: waitForPerson,
      history,
      ...more,
      timing: { parkAfterMs: 60, ...more.timing },
    })

  const asks = async (): Promise<readonly AskRecord[]> =>
    (await rig.rows.store.read(turnId))?.asks ?? []
  const answer = async (decision: AskDecision = allow) => {
    const open = (await asks()).find(({ state }) => state === 'open')
    const by = 'ada'
    return await rig.rows.anotherStore().answerAsk({ turnId, askId: open?.id ?? '', decision, by })
  }
  /** How often each method and path was asked for. */
  const count = (method: string, path: RegExp): number =>
    rig.impostor.journal.filter((entry) => entry.method === method && path.test(entry.path)).length
  const writes = async (): Promise<number> => {
    const sessions = await rig.client.session.list()
    const lists = await Promise.all(sessions.map(({ id }) => rig.client.session.messages(id)))
    const parts = lists.flat().flatMap((message) => message.parts)
    return parts.filter((part) => part.type === 'tool' && part.state.status === 'completed').length
  }
  const polled = () => rig.impostor.journal.next(({ path }) => path === '/session/status')
  const parked = async (more: Partial<TurnOptions> = {}): Promise<void> => {
    const result = await runTurn(options(more))
    expect(result).to.include({ status: 'skipped', reason: 'waiting', mustRunAgain: false })
  }

  it('is given back with its snapshot, and goes on with the answer, from any process', async () => {
    await parked()
    const row = await rig.rows.store.read(turnId)
    expect(row).to.include({ status: 'waiting', text: 'I write. ' })
    expect(row?.dueAt).to.be.above(Date.now())
    expect(await runTurn(options())).to.include({ reason: 'waiting', heldUntil: row?.dueAt })
    expect(await answer()).to.include({ accepted: true, isParked: true })
    const result = await runTurn(options({ client: rig.connect(), store: rig.rows.anotherStore() }))
    expect(result).to.include({ status: 'completed', ending: 'answered', session: 'same' })
    expect(rig.impostor.readFile('a.txt')).to.equal('a')
    expect(count('POST', /^\/permission\/[^/]+\/reply$/)).to.equal(1)
    expect(await asks()).to.have.length(1)
    expect((await asks())[0]).to.include({ state: 'sent', answeredBy: 'ada' })
    expect(await rig.userMessages()).to.equal(1)
  })

  it('is found by a sweep once it is answered, and not before', async () => {
    await parked()
    const { conversationId: _, turnId: __, prompt: ___, ...turns } = options()
    expect((await resumeTurns(turns)).settled).to.deep.equal([])
    await answer()
    const { settled, left } = await resumeTurns(turns)
    expect(left).to.deep.equal([])
    expect(settled.map(({ status }) => status)).to.deep.equal(['completed'])
  })

  it('keeps its conversation: another turn of it comes after its end', async () => {
    await parked()
    const nextId = await rig.rows.addMessage()
    const next = { ...rig.options(nextId, 'Next'), asks: waitForPerson }
    expect(await runTurn(next)).to.include({ reason: 'busy', mustRunAgain: true })
    await answer()
    const settled: TurnResult[] = []
    const onSettled = (result: TurnResult): void => void settled.push(result)
    expect(await runTurn({ ...next, onSettled })).to.include({ status: 'completed' })
    expect(settled.map((each) => `${each.turnId} ${each.status}`)).to.deep.equal([
      `${turnId} completed`,
      `${nextId} completed`,
    ])
  })

  it('is stopped on the server after a cancel, and its question is closed', async () => {
    await parked()
    await rig.rows.anotherStore().cancel({ turnId })
    expect(await runTurn(options())).to.include({ reason: 'settled' })
    expect(await rig.client.permission.list()).to.deep.equal([])
    expect(await rig.client.session.status()).to.deep.equal({})
    expect(rig.impostor.readFile('a.txt')).to.equal(null)
    const row = await rig.rows.store.read(turnId)
    expect(row).to.include({ status: 'cancelled', text: 'I write. ' })
    expect(row?.closedAt).not.to.equal(null)
  })

  it('has its time from the question on, whoever runs it then', async () => {
    const { dueAt } = await (async () => {
      await parked({ budgets: { askMs: 400 } })
      return (await rig.rows.store.read(turnId)) ?? { dueAt: null }
    })()
    const [asked] = await asks()
    expect(dueAt).to.be.within((asked?.askedAt ?? 0) + 300, (asked?.askedAt ?? 0) + 600)
    const {
      conversationId: _,
      turnId: __,
      prompt: ___,
      ...turns
    } = options({
      budgets: { askMs: 400 },
    })
    for (;;) {
      const { settled } = await resumeTurns(turns)
      if (settled.length > 0) break
      await setImmediate()
    }
    expect((await asks())[0]).to.deep.include({
      answeredBy: 'policy',
      rule: 'askMs',
      decision: { action: 'reject', message: 'No one answered in time.' },
    })
    expect(rig.impostor.readFile('a.txt')).to.equal(null)
  })

  it('shows followers that it is parked, with its question, and that it runs again', async () => {
    const seen: string[] = []
    const turn = await followTurn({ store: rig.rows.store, turnId, pollMs: 10 })
    if (turn === null) throw new Error('there is a turn')
    turn.onStanding(({ state }) => {
      if (seen.at(-1) !== state) seen.push(state)
    })
    const isParked = new Promise<void>((resolve) => {
      turn.onStanding(({ state }) => {
        if (state === 'parked') resolve()
      })
    })
    await parked()
    await isParked
    expect(turn.view().asks.map(({ state }) => state)).to.deep.equal(['open'])
    await answer()
    await runTurn(options())
    expect((await turn.ended).status).to.equal('completed')
    expect(seen).to.deep.equal(['running', 'parked', 'running', 'completed'])
    turn.close()
  })

  it('is not left while its policy is still deciding, nor where the store has no such verb', async () => {
    const { store } = rig.rows
    const { park: _, ...without } = store
    let decide: () => void = () => undefined
    const slow = new Promise<void>((resolve) => (decide = resolve))
    const deciding = runTurn(
      options({ asks: () => slow.then(() => allow), timing: { parkAfterMs: 1 } }),
    )
    for (let polls = 0; polls < 4; polls += 1) await polled()
    expect((await asks())[0]).to.include({ state: 'open' })
    decide()
    expect(await deciding).to.include({ status: 'completed' })
    turnId = await rig.rows.addMessage()
    const running = runTurn(options({ store: without, timing: { parkAfterMs: 1 } }))
    for (let polls = 0; polls < 4; polls += 1) await polled()
    await answer()
    expect(await running).to.include({ status: 'completed' })
  })

  for (const keep of [true, false]) {
    const data = keep ? '' : ' with its data'
    it(`goes back to its question where the server was lost${data}, and the tool runs once`, async () => {
      await parked()
      await rig.impostor.restart({ keep })
      await answer()
      const result = await runTurn(options())
      expect(result).to.include({
        status: 'completed',
        ending: 'answered',
        session: keep ? 'same' : 'restored',
      })
      expect(result).to.have.nested.property('reply.text', 'I write. \n\nDone.')
      expect(rig.impostor.readFile('a.txt')).to.equal('a')
      expect(await writes()).to.equal(1)
      expect(await rig.userMessages()).to.equal(1)
      expect(await states()).to.deep.equal(['closed ada', 'sent ada'])
      expect((await rig.rows.store.read(turnId))?.prompt?.runs).to.equal(0)
    })
  }

  it('asks anew what is not the same question, and never answers it with the old answer', async () => {
    await parked()
    await rig.impostor.restart()
    await answer()
    // What the person has seen is not any more what the write would change.
    rig.impostor.answer(on('Else', reply(write('of someone else'), text('Done.'))))
    await ask(rig.client, 'Else')
    await parked()
    expect(rig.impostor.readFile('a.txt')).to.equal('of someone else')
    expect(await states()).to.deep.equal(['closed ada', 'open null'])
    await answer({ action: 'reject', message: 'Not this.' })
    expect(await runTurn(options())).to.include({ status: 'completed' })
    expect(rig.impostor.readFile('a.txt')).to.equal('of someone else')
    expect(await states()).to.deep.equal(['closed ada', 'sent ada'])
  })

  for (const keep of [true, false]) {
    const data = keep ? '' : ', also with all data lost'
    it(`fails where what was called beside the question has run: it would run twice${data}`, async () => {
      const both = reply(write('a'), tool.bash({ command: 'echo b >> b.txt' }), text('Done.'))
      rig.impostor.answer(on('Both', both, { times: 2 }))
      const prompt = { text: 'Both' }
      await parked({ prompt })
      await rig.impostor.restart({ keep })
      await answer()
      const result = await runTurn(options({ prompt }))
      expect(result).to.have.nested.property('error.code', 'server_lost_turn')
      expect(rig.impostor.readFile('a.txt')).to.equal(null)
      expect(await writes()).to.be.below(2)
    })
  }

  it('fails where the row does not have what was called beside the question, and the data is lost', async () => {
    const both = reply(write('a'), tool.bash({ command: 'echo b >> b.txt' }), text('Done.'))
    rig.impostor.answer(on('Both', both, { times: 2 }))
    const { store } = rig.rows
    const snapshot: typeof store.snapshot = () => Promise.reject(new Error('too large'))
    const more = { prompt: { text: 'Both' }, store: { ...store, snapshot } }
    await parked(more)
    const prompts = count('POST', /prompt_async$/)
    await rig.impostor.restart({ keep: false })
    await answer()
    const result = await runTurn(options(more))
    expect(result).to.have.nested.property('error.code', 'server_lost_turn')
    expect(count('POST', /prompt_async$/)).to.equal(prompts)
  })

  it('goes on without the answer there, if the host wants that, and says so', async () => {
    const both = reply(write('a'), tool.bash({ command: 'echo b >> b.txt' }), text('Done.'))
    rig.impostor.answer(on('Both', both, { times: 2 }))
    const more = { prompt: { text: 'Both' }, recovery: { onAskLost: 'rerun' } } as const
    await parked(more)
    await rig.impostor.restart()
    await answer()
    expect(await runTurn(options(more))).to.include({ status: 'completed', ending: 'ask_lost' })
  })

  it('fails where the lost server may have had the answer: the tool may have run', async () => {
    await parked()
    await answer()
    // A worker that dies right before it sends.
    const { store, conversationId } = rig.rows
    const claim = await store.claim({ conversationId, turnId, owner: 'dead', leaseMs: 1 })
    if (!claim.claimed) throw new Error('it is due')
    const [asked] = await asks()
    await store.updateAsks(claim.lease, [{ type: 'sending', askId: asked?.id ?? '' }])
    await store.release(claim.lease)
    await rig.impostor.restart()
    const result = await runTurn(options())
    expect(result).to.have.nested.property('error.code', 'server_lost_turn')
    expect(rig.impostor.readFile('a.txt')).to.equal(null)
  })

  it('lets a store that takes its time note the answer before it is sent', async () => {
    await parked()
    await answer()
    const { store } = rig.rows
    const slow: typeof store.updateAsks = async (...args) => {
      for (let turns = 0; turns < 3; turns += 1) await setImmediate()
      return await store.updateAsks(...args)
    }
    const result = await runTurn(options({ store: { ...store, updateAsks: slow } }))
    expect(result).to.include({ status: 'completed' })
    expect((await asks())[0]?.triedAt).to.be.above(0)
  })

  it('is not left after an answer that came while it was about to be', async () => {
    const { store } = rig.rows
    let parks = 0
    const answered: typeof store.park = async (...args) => {
      parks += 1
      await answer()
      return await store.park(...args)
    }
    const result = await runTurn(options({ store: { ...store, park: answered } }))
    expect(result).to.include({ status: 'completed' })
    expect(parks).to.equal(1)
    expect(rig.impostor.readFile('a.txt')).to.equal('a')
  })

  it('goes on where a store does not take the wait, and waits on', async () => {
    const { store } = rig.rows
    let parks = 0
    const park: typeof store.park = async () => {
      parks += 1
      throw Object.assign(new Error('no'), { retryable: false })
    }
    const running = runTurn(options({ store: { ...store, park } }))
    while (parks === 0) await polled()
    await answer()
    expect(await running).to.include({ status: 'completed' })
    expect(rig.reports.some((report) => report.startsWith('asks: Error: no'))).to.equal(true)
  })
})
