import { ask, gate, on, reply, text, tool, usage } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnOptions, type TurnResult } from '../src/index.js'
import { dyingPorts } from './support/dying-ports.js'
import { openRig, type Rig } from './support/rig.js'

describe('what a dead worker left of a conversation', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  async function dieAt(call: string, more: Partial<TurnOptions> = {}): Promise<void> {
    const client = rig.connect()
    const death = { after: call, losesLast: true }
    const ports = dyingPorts({ client, store: rig.rows.store }, death)
    void runTurn(
      rig.options(turnId, 'Hello', { ...more, client: ports.client, store: ports.store }),
    )
    await ports.died
  }

  const next = async (more: Partial<TurnOptions> = {}): Promise<TurnResult[]> => {
    const settled: TurnResult[] = []
    rig.impostor.answer(on('Next', reply(text('Next.'))))
    const nextId = await rig.rows.addMessage()
    const result = await runTurn(
      rig.options(nextId, 'Next', {
        store: rig.rows.anotherStore(),
        owner: 'worker-2',
        onBusy: 'wait',
        onSettled: (each) => void settled.push(each),
        ...more,
      }),
    )
    expect(result).to.include({ status: 'completed', turnId: nextId })
    return settled
  }

  it('is run to its end before the next turn, by the prompt in the row', async () => {
    rig.impostor.answer(on('Hello', reply(text('Whole answer.'))))
    await dieAt('store.recordPrompt')
    const settled = await next()
    expect(settled.map((each) => each.turnId)).to.deep.equal([turnId, 2])
    expect(await rig.rows.row(turnId)).to.include({ status: 'completed', text: 'Whole answer.' })
    expect(await rig.userMessages()).to.equal(2)
  })

  it('is settled from the server when the agent had ended meanwhile', async () => {
    rig.impostor.answer(on('Hello', reply(text('Whole answer.'))))
    await dieAt('client.prompt.send')
    await next()
    expect(await rig.rows.row(turnId)).to.include({ status: 'completed', text: 'Whole answer.' })
    expect(await rig.userMessages()).to.equal(2)
  })

  it('fails honestly when neither the row nor the call has its prompt', async () => {
    await dieAt('store.claim')
    await rig.rows.database.knex('messages').where({ id: turnId }).update({ turn_input: null })
    await next()
    expect(await rig.rows.row(turnId)).to.include({
      status: 'failed',
      error_code: 'prompt_rejected',
    })
  })

  it('keeps text, tokens and files of a turn that was cancelled when no worker ran it', async () => {
    const written = tool.write({ filePath: 'a.txt', content: 'a' })
    rig.impostor.answer(
      on('Hello', reply(usage({ input: 100 }), text('Costly. '), written, gate('more'))),
    )
    await dieAt('client.prompt.send')
    await rig.impostor.gate('more').reached()
    await rig.rows.store.cancel({ turnId })
    const collected: unknown[] = []
    const artifacts = {
      collect: async (request: { turnId: unknown; settledAt?: number }) =>
        void collected.push(request),
    }
    await next({ artifacts })
    expect(await rig.rows.row(turnId)).to.include({ status: 'cancelled', text: 'Costly. ' })
    expect((await rig.rows.row(turnId))['input_tokens']).to.be.above(0)
    expect(collected[0]).to.include({ turnId })
    expect(collected[0]).to.have.property('settledAt').that.is.a('number')
    expect(await rig.client.session.status()).to.deep.equal({})
  })

  it('keeps what its earlier prompts cost, however often it is put in order', async () => {
    rig.impostor.answer(on('Hello', reply(usage({ input: 100 }), text('Costly. '), gate('more'))))
    await dieAt('client.prompt.send')
    await rig.impostor.gate('more').reached()
    await rig.rows.database.knex('messages').where({ id: turnId }).update({
      turn_cost: 5,
      turn_input_tokens: 1_000,
    })
    await rig.rows.store.cancel({ turnId })
    let tries = 0
    const keepPartial: typeof rig.rows.store.keepPartial = async (...args) => {
      const isKept = await rig.rows.store.keepPartial(...args)
      tries += 1
      if (tries === 1) throw Object.assign(new Error('the answer is lost'), { retryable: false })
      return isKept
    }
    const store = { ...rig.rows.anotherStore(), keepPartial }
    await next({ store })
    const { cost, input_tokens: input } = await rig.rows.row(turnId)
    expect(Number(cost)).to.be.within(5, 5.5)
    expect(Number(input)).to.be.within(1_000, 1_500)
    await rig.rows.database.knex('messages').where({ id: turnId }).update({ turn_closed_at: null })
    await next()
    expect(await rig.rows.row(turnId)).to.deep.include({ cost, input_tokens: input })
  })

  it('is told to the host when its worker died between the end and the callback', async () => {
    rig.impostor.answer(on('Hello', reply(text('Whole answer.'))))
    await dieAt('store.settle')
    const settled: TurnResult[] = []
    const again = await runTurn(
      rig.options(turnId, 'Hello', {
        store: rig.rows.anotherStore(),
        onSettled: (each) => void settled.push(each),
      }),
    )
    expect(again).to.include({ status: 'skipped', reason: 'settled' })
    expect(settled).to.have.length(1)
    expect(settled[0]).to.deep.include({ turnId, status: 'completed', finish: 'stop' })
    expect(settled[0]).to.have.nested.property('reply.text', 'Whole answer.')
  })

  it('is done once: a closed turn is left alone', async () => {
    rig.impostor.answer(on('Hello', reply(text('Whole answer.'))))
    await dieAt('store.settle')
    expect((await next()).map((each) => each.turnId)).to.deep.equal([turnId, 2])
    const before = rig.impostor.journal.entries.length
    const again = await runTurn(
      rig.options(turnId, 'Hello', {
        store: rig.rows.anotherStore(),
        onSettled: () => expect.fail(),
      }),
    )
    expect(again).to.include({ status: 'skipped', reason: 'settled' })
    expect(rig.impostor.journal.entries.length).to.equal(before)
  })

  it('gives way to a cancel of the turn that waits behind it', async () => {
    rig.impostor.answer(on('Hello', reply(text('On and on.'), gate('never'))))
    await dieAt('client.prompt.send')
    const nextId = await rig.rows.addMessage()
    const cancel = new AbortController()
    const waiting = runTurn(
      rig.options(nextId, 'Next', {
        store: rig.rows.anotherStore(),
        owner: 'worker-2',
        onBusy: 'wait',
        cancelSignal: cancel.signal,
      }),
    )
    await rig.impostor.next('GET /session/status')
    cancel.abort()
    expect(await waiting).to.include({ status: 'cancelled', turnId: nextId })
    expect(await rig.rows.row(turnId)).to.include({ status: 'running' })
    expect(await rig.userMessages()).to.equal(1)
  })

  it('is done for good when its session is gone', async () => {
    rig.impostor.answer(on('Hello', reply(text('On and on.'), gate('never'))))
    await dieAt('client.prompt.send')
    await rig.rows.store.cancel({ turnId })
    const sessionId = (await rig.rows.store.read(turnId))?.prompt?.sessionId ?? ''
    await rig.client.session.delete(sessionId)
    const settled = await next({ recovery: { onSessionLost: 'replace' } })
    expect(settled.map((each) => each.turnId)).to.deep.equal([turnId, 2])
    expect((await rig.rows.row(turnId))['closed_at']).to.be.a('number')
  })

  it('is told to the host also when the next turn cannot be stored', async () => {
    rig.impostor.answer(on('Hello', reply(text('Whole answer.'))))
    await dieAt('client.prompt.send')
    const settled: unknown[] = []
    const nextId = await rig.rows.addMessage()
    const store = rig.rows.anotherStore()
    const recordPrompt = async (): Promise<never> => {
      throw new Error('no more room')
    }
    const running = runTurn(
      rig.options(nextId, 'Next', {
        store: { ...store, recordPrompt },
        owner: 'worker-2',
        onBusy: 'wait',
        onSettled: (each) => void settled.push(each.turnId),
      }),
    )
    expect(await running.catch(String)).to.include('no more room')
    expect(settled).to.deep.equal([turnId])
  })

  it('is stopped in the directory of its session, whichever the next client has', async () => {
    rig.impostor.answer(
      on('Hello', reply(ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })))),
    )
    const asked = rig.impostor.events.next(({ type }) => type === 'permission.asked')
    await dieAt('client.prompt.send')
    await asked
    await rig.rows.store.cancel({ turnId })
    const client = { ...rig.client, ...rig.connect().withScope({ directory: '/somewhere/else' }) }
    const settled = await next({ client })
    expect(settled[0]).to.deep.include({
      turnId,
      status: 'cancelled',
      stop: { aborted: true, rejectedAsks: 1, asksClosed: true, idle: true },
    })
    expect(await rig.client.permission.list()).to.deep.equal([])
  })
})
