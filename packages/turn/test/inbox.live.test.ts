import { gate, on, reply, type ScriptedModel, text, tool } from '@turnstead/testkit'
import type { Client } from '@turnstead/wire'
import { expect } from 'chai'
import { after, before, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnOptions, type TurnResult } from '../src/index.js'
import { until } from './support/inbox.js'
import { openRealServer, type RealServer } from './support/real-server.js'
import { openRows, type Rows } from './support/rows.js'

describe('a message to a turn that runs on the real opencode serve', function () {
  this.timeout(120_000)
  let real: RealServer
  let model: ScriptedModel
  let client: Client
  let rows: Rows
  let mark = 0

  before(async function () {
    real = await openRealServer(this)
    ;({ model, client } = real)
  })
  beforeEach(async () => {
    await rows?.close()
    rows = await openRows()
    mark += 1
  })
  after(async () => {
    await real?.[Symbol.asyncDispose]()
    await rows?.close()
  })

  const begin = (turnId: number, words: string, more: Partial<TurnOptions> = {}) =>
    runTurn({
      client,
      store: rows.store,
      conversationId: 1,
      turnId,
      prompt: { text: words },
      session: { title: 'A conversation' },
      timing: { leaseMs: 1_000 },
      ...more,
    })

  async function post(words: string, delivery: 'queue' | 'steer'): Promise<number> {
    const turnId = await rows.addMessage()
    const request = { conversationId: 1, turnId, input: { text: words }, delivery }
    expect(await rows.anotherStore().enqueue(request)).to.include({ accepted: true })
    return turnId
  }

  const session = async (): Promise<string> => (await rows.store.read(1))?.prompt?.sessionId ?? ''
  const prompts = async (): Promise<number> =>
    (await client.session.messages(await session())).filter(({ info }) => info.role === 'user')
      .length
  const asked = (words: string) => model.requests.filter(({ prompt }) => prompt === words)
  const textOf = async (turnId: number): Promise<unknown> => (await rows.row(turnId))['text']
  const costOf = async (): Promise<{ readonly server: number; readonly rows: number }> => {
    const messages = await client.session.messages(await session())
    const costs = messages.map(({ info }) => (info.role === 'assistant' ? info.tokens.input : 0))
    const own = (await rows.database.knex('messages').pluck('turn_input_tokens')) as unknown[]
    const sum = (all: readonly unknown[]): number =>
      all.reduce((total: number, each) => total + Number(each), 0)
    return { server: sum(costs), rows: sum(own) }
  }

  it('is in the next request to the model of the same run, and each row has its own answer', async () => {
    const [first, later] = [`Hello ${mark}`, `And this ${mark}`]
    model.answer([
      on(
        first,
        reply(
          text('I look.'),
          gate(`look ${mark}`),
          tool.write({ filePath: 'a.txt', content: 'a' }),
          text('Alone.'),
        ),
      ),
      on(later, reply(text('Both.'))),
    ])
    const turnId = await rows.addMessage()
    const running = begin(turnId, first)
    await model.gate(`look ${mark}`).reached({ timeoutMs: 60_000 })
    const laterId = await post(later, 'steer')
    await until(async () => (await prompts()) === 2)
    model.gate(`look ${mark}`).open()
    const result = await running
    const { prompt_id: answeredBy } = await rows.row(laterId)
    expect(result).to.include({ status: 'completed', ending: 'steered', answeredBy })
    expect(await textOf(turnId)).to.equal('I look.')
    expect(await rows.row(laterId)).to.include({ status: 'completed', text: 'Both.' })
    const [request, ...more] = asked(later)
    expect(more).to.deep.equal([])
    expect(asked(first)).to.have.length(1)
    // The same run: the call of the tool and its result are before the message that steers.
    const roles = request?.messages.map((each) => (each as { readonly role?: string }).role)
    expect(roles?.slice(-4)).to.deep.equal(['user', 'assistant', 'tool', 'user'])
    const spent = await costOf()
    expect(spent.rows).to.equal(spent.server).and.above(0)
  })

  it('is a turn of its own when it comes with the last step', async () => {
    const [first, later] = [`Hello ${mark}`, `And this ${mark}`]
    model.answer([
      on(first, reply(text('Hello '), gate(`more ${mark}`), text('you.'))),
      on(later, reply(text('That, too.'))),
    ])
    const turnId = await rows.addMessage()
    const running = begin(turnId, first)
    await model.gate(`more ${mark}`).reached({ timeoutMs: 60_000 })
    const laterId = await post(later, 'steer')
    await until(async () => (await prompts()) === 2)
    model.gate(`more ${mark}`).open()
    expect(await running).to.include({ status: 'completed', ending: 'answered', answeredBy: null })
    expect(await textOf(turnId)).to.equal('Hello you.')
    expect(await rows.row(laterId)).to.include({ status: 'completed', text: 'That, too.' })
    const spent = await costOf()
    expect(spent.rows).to.equal(spent.server)
  })

  it('is asked once also when the run ends in the moment in which it comes', async () => {
    for (let round = 0; round < 12; round += 1) {
      const [first, later] = [`Hello ${mark} ${round}`, `And this ${mark} ${round}`]
      const held = `more ${mark} ${round}`
      model.answer([
        on(first, reply(text('Hello.'), gate(held))),
        on(later, reply(text('That, too.')), { times: 3 }),
      ])
      const turnId = await rows.addMessage()
      const running = begin(turnId, first)
      await model.gate(held).reached({ timeoutMs: 60_000 })
      const posted = post(later, 'steer')
      // Between the first and the last moment of the end, as it comes.
      for (let turns = 0; turns < round; turns += 1) await new Promise(setImmediate)
      model.gate(held).open()
      const laterId = await posted
      await running
      await begin(laterId, 'ignored')
      expect(await textOf(turnId), `round ${round}`).to.equal('Hello.')
      expect(await rows.row(laterId), `round ${round}`).to.include({
        status: 'completed',
        text: 'That, too.',
      })
    }
    expect(await prompts()).to.equal(24)
  })

  it('leaves a turn whole beside the prompt and the note of someone else', async () => {
    const [first, theirs] = [`Hello ${mark}`, `Theirs ${mark}`]
    model.answer([
      on(
        first,
        reply(
          text('I look.'),
          gate(`look ${mark}`),
          tool.write({ filePath: 'b.txt', content: 'b' }),
        ),
      ),
      on(theirs, reply(text('For both.'))),
    ])
    const turnId = await rows.addMessage()
    const running: Promise<TurnResult> = begin(turnId, first)
    await model.gate(`look ${mark}`).reached({ timeoutMs: 60_000 })
    const parts = (words: string) => [{ type: 'text' as const, text: words }]
    const of = await session()
    await client.session.promptAsync(of, { parts: parts('A note'), noReply: true })
    await client.session.promptAsync(of, { parts: parts(theirs) })
    await until(async () => (await prompts()) === 3)
    model.gate(`look ${mark}`).open()
    const result = await running
    const users = (await client.session.messages(of)).filter(({ info }) => info.role === 'user')
    const [, note, prompt] = users.map(({ info }) => info.id)
    expect(result).to.include({ status: 'completed', ending: 'answered', answeredBy: prompt })
    expect(result).to.have.property('foreign').deep.equal([note, prompt])
    expect(await textOf(turnId)).to.equal('I look.\n\nFor both.')
  })
})
