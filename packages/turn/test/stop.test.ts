import { ask, createManualClock, fault, gate, on, reply, text, tool } from '@turnstead/testkit'
import { createSessionStore } from '@turnstead/session'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, waitForPerson } from '../src/index.js'
import { openRig, type Rig, observing } from './support/rig.js'

const abortPath = 'POST /session/*/abort'
const promptPath = 'POST /session/*/prompt_async'

describe('stopping a turn', () => {
  let rig: Rig
  let turnId: number
  let stop: AbortController

  beforeEach(async () => {
    rig = await openRig([])
    turnId = await rig.rows.addMessage()
    stop = new AbortController()
  })
  afterEach(() => rig.close())

  const options = (more: Parameters<Rig['options']>[2] = {}) =>
    rig.options(turnId, 'Hello', { cancelSignal: stop.signal, ...more })

  const stopAtFirstText = { onReply: observing({ textDelta: () => stop.abort() }) }

  it('stops an agent whose prompt was still on its way when the person stopped it', async () => {
    rig.impostor.answer(on('Hello', reply(text('No one wants this.'), gate('more'))))
    rig.impostor.fail(promptPath, fault.delay(60))
    const running = runTurn(options())
    await rig.impostor.next(promptPath)
    stop.abort()
    const result = await running
    expect(result).to.deep.include({ status: 'cancelled' })
    expect(result).to.have.nested.property('stop.idle', true)
    expect(await rig.userMessages()).to.equal(1)
    expect(await rig.client.session.status()).to.deep.equal({})
  })

  for (const [name, broken] of [
    ['refused', fault.refuse()],
    ['answered by a proxy', fault.unavailable()],
    ['answered with 500', fault.serverError()],
  ] as const) {
    it(`tries again when the first abort was ${name}`, async () => {
      rig.impostor.answer(on('Hello', reply(text('On and on.'), gate('more'))))
      rig.impostor.fail(abortPath, broken)
      const result = await runTurn(options(stopAtFirstText))
      expect(result).to.deep.include({
        status: 'cancelled',
        stop: { aborted: true, rejectedAsks: 0, asksClosed: true, idle: true },
      })
      expect(await rig.client.session.status()).to.deep.equal({})
    })
  }

  for (const [name, path, broken] of [
    ['fails to list its messages', 'GET /session/*/message', fault.serverError()],
    ['fails to say what it runs', 'GET /session/status', fault.serverError()],
    ['does not answer what it runs', 'GET /session/status', fault.delay(1_500)],
  ] as const) {
    it(`stops an agent whose server ${name}, and does not count that as proof`, async () => {
      rig.impostor.answer(on('Hello', reply(text('On and on.'), gate('more'))))
      const running = runTurn(options({ budgets: { stopMs: 600 } }))
      await rig.impostor.gate('more').reached()
      rig.impostor.fail(path, broken, { times: 1_000 })
      stop.abort()
      await rig.impostor.events.next(({ type }) => type === 'session.idle')
      expect(await running).to.deep.include({
        status: 'cancelled',
        stop: { aborted: true, rejectedAsks: 0, asksClosed: false, idle: false },
      })
      expect(await rig.rows.row(turnId)).to.include({ closed_at: null })
    })
  }

  it('has the cancel in the row before the agent is stopped, should this process die meanwhile', async () => {
    rig.impostor.answer(on('Hello', reply(text('On and on.'), gate('more'))))
    const statuses: unknown[] = []
    const { session } = rig.client
    const abort: typeof session.abort = async (...args) => {
      statuses.push((await rig.rows.row(turnId))['status'])
      return await session.abort(...args)
    }
    const client = { ...rig.client, session: { ...session, abort } }
    expect((await runTurn(options({ client, ...stopAtFirstText }))).status).to.equal('cancelled')
    expect(statuses[0]).to.equal('cancelled')
  })

  it('does not take a list of asks that it could not read for an empty one', async () => {
    rig.impostor.answer(on('Hello', reply(text('Partial.'), gate('more'))))
    rig.impostor.fail('GET /permission', fault.status(400), { times: 1_000 })
    const result = await runTurn(options({ ...stopAtFirstText, budgets: { stopMs: 200 } }))
    expect(result).to.have.nested.property('stop.asksClosed', false)
  })

  it('counts an open ask once, however often it has to be rejected', async () => {
    rig.impostor.answer(
      on('Hello', reply(ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })))),
    )
    rig.impostor.fail('POST /permission/*/reply', fault.unavailable())
    const running = runTurn(options({ asks: waitForPerson }))
    await rig.impostor.events.next((event) => event.type === 'permission.asked')
    stop.abort()
    const result = await running
    expect(result).to.have.nested.property('stop.rejectedAsks', 1)
    expect(await rig.client.permission.list()).to.deep.equal([])
  })

  it('rejects what a sub-agent asks before the abort, so that the agent above it takes no step more', async () => {
    const below = reply(ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })), text('.'))
    rig.impostor.answer(
      on(
        'Hello',
        reply(
          tool.task({ description: 'Below', prompt: 'Below' }, below),
          gate('more'),
          text('On.'),
        ),
      ),
    )
    const calls: string[] = []
    const { session, permission } = rig.client
    const client = {
      ...rig.client,
      permission: {
        ...permission,
        reply: async (...args: Parameters<typeof permission.reply>) => {
          const answer = await permission.reply(...args)
          calls.push('rejected')
          return answer
        },
      },
      session: {
        ...session,
        abort: async (...args: Parameters<typeof session.abort>) => {
          calls.push('abort')
          return await session.abort(...args)
        },
      },
    }
    const running = runTurn(options({ asks: waitForPerson, client }))
    await rig.impostor.events.next((event) => event.type === 'permission.asked')
    stop.abort()
    const result = await running
    expect(result).to.have.nested.property('stop.rejectedAsks', 1)
    expect(calls.slice(0, 2)).to.deep.equal(['rejected', 'abort'])
  })

  it('aborts all the same when a rejection is not taken', async () => {
    const below = reply(ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })), text('.'))
    rig.impostor.answer(
      on('Hello', reply(tool.task({ description: 'Below', prompt: 'Below' }, below), text('On.'))),
    )
    rig.impostor.fail('POST /permission/*/reply', fault.stall())
    const clock = createManualClock()
    const running = runTurn(options({ asks: waitForPerson, clock }))
    await rig.impostor.events.next((event) => event.type === 'permission.asked')
    stop.abort()
    await rig.impostor.next('POST /permission/*/reply')
    await clock.advance(3_000)
    await rig.impostor.next(abortPath)
    for (let isOver = false; !isOver;) {
      isOver = await Promise.race([running.then(() => true), clock.advance(100).then(() => false)])
    }
    expect((await running).status).to.equal('cancelled')
  })

  it('keeps waiting for the evidence when `stopMs` is switched off', async () => {
    rig.impostor.answer(on('Hello', reply(text('Partial.'), gate('more'))))
    const result = await runTurn(options({ ...stopAtFirstText, budgets: { stopMs: Infinity } }))
    expect(result).to.have.nested.property('stop.idle', true)
  })

  it('keeps the conversation until the agent has stopped', async () => {
    rig.impostor.answer(on('Hello', reply(text('Partial.'), gate('more'))))
    rig.impostor.fail(abortPath, fault.stall())
    const clock = createManualClock()
    const sessions = createSessionStore({ knex: rig.rows.database.knex, clock })
    let onRenewed = (): void => undefined
    const store: typeof sessions = {
      ...sessions,
      renew: async (...args) => await sessions.renew(...args).finally(onRenewed),
    }
    const times = { timing: { leaseMs: 200 }, budgets: { stopMs: 400 }, clock }
    const running = runTurn(options({ ...stopAtFirstText, ...times, store }))
    await rig.impostor.next(abortPath)
    // A lease and a half: each tenth of it has its renewal.
    for (let elapsedMs = 0; elapsedMs < 300; elapsedMs += 20) {
      const renewed = new Promise<void>((resolve) => (onRenewed = resolve))
      await clock.advance(20)
      await renewed
    }
    const nextId = await rig.rows.addMessage()
    const other = { conversationId: 1, turnId: nextId, owner: 'worker-2', leaseMs: 1_000 }
    expect(await sessions.claim(other)).to.include({ claimed: false, reason: 'busy' })
    await clock.advance(100)
    expect((await running).status).to.equal('cancelled')
  })

  it('closes the asks of a run that another client ended: answered later they would still run', async () => {
    rig.impostor.answer(
      on('Hello', reply(ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })))),
    )
    const running = runTurn(options({ asks: waitForPerson }))
    const asked = await rig.impostor.events.next((event) => event.type === 'permission.asked')
    await rig.client.session.abort((asked.properties as { sessionID: string }).sessionID)
    expect(await running).to.have.nested.property('error.code', 'turn_stopped')
    expect(await rig.client.permission.list()).to.deep.equal([])
  })

  it('says cancelled when the cancel in the row comes before the prompt is stored', async () => {
    const { store } = rig.rows
    const result = await runTurn(
      options({
        store: {
          ...store,
          recordPrompt: async (lease, prompt) => {
            await store.cancel({ turnId })
            return await store.recordPrompt(lease, prompt)
          },
        },
      }),
    )
    expect(result.status).to.equal('cancelled')
    expect(await rig.userMessages()).to.equal(0)
  })
})
