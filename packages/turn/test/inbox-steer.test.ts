import { gate, on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createLocalNotifier, createSessionStore } from '@turnstead/session'
import {
  createMemoryHistory,
  createMemoryStore,
  type InboxStore,
  runTurn,
  type TurnOptions,
  type TurnResult,
  type TurnStore,
} from '../src/index.js'
import { LeaseInDoubt } from '../src/run/lease-keeper.js'
import { openRig, type Rig } from './support/rig.js'
import { arrived, costs, ends, looks, post, sessionOf, until } from './support/inbox.js'

const dot =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const note = { type: 'file', mime: 'image/png', url: `data:image/png;base64,${dot}` } as const

describe('a message to a turn that runs', () => {
  let rig: Rig
  let turnId: number
  const settled: TurnResult[] = []

  beforeEach(async () => {
    settled.length = 0
    rig = await openRig([])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const begin = (id: number, words: string, more: Partial<TurnOptions> = {}): Promise<TurnResult> =>
    runTurn(
      rig.options(id, words, {
        onSettled: (result) => void settled.push(result),
        ...more,
        timing: { leaseMs: 300, ...more.timing },
      }),
    )
  const order = (): unknown => settled.map((each) => [each.turnId, each.status])

  it('reaches the agent with its next step, and each row has what answered it, with its cost', async () => {
    rig.impostor.answer([
      on('Hello', reply(...looks, text('Alone.'))),
      on('And this', reply(text('Both.'))),
    ])
    const running = begin(turnId, 'Hello')
    await rig.impostor.gate('look').reached()
    const later = await post(rig, 'And this', 'steer')
    await arrived(rig, 2)
    rig.impostor.gate('look').open()
    const result = await running
    const row = await rig.rows.row(later)
    expect(result).to.include({
      status: 'completed',
      ending: 'steered',
      answeredBy: row['prompt_id'],
    })
    expect(result).to.have.property('steered').deep.equal([later])
    expect(result).to.have.property('foreign').deep.equal([])
    expect(await rig.rows.row(turnId)).to.include({ reason: 'steered', text: 'I look.' })
    expect(await ends(rig)).to.deep.equal(['completed: I look.', 'completed: Both.'])
    expect(order()).to.deep.equal([
      [turnId, 'completed'],
      [later, 'completed'],
    ])
    const { server, rows } = await costs(rig)
    expect(rows).to.equal(server).and.above(0)
    expect(await rig.userMessages()).to.equal(2)
    expect(await rig.rows.store.withdraw(later)).to.equal('settled')
  })

  it('is heard of at once where there is a notifier, long before the next renewal', async () => {
    rig.impostor.answer([on('Hello', reply(...looks)), on('And this', reply(text('Both.')))])
    const { knex } = rig.rows.database
    const store = createSessionStore({ knex, notifier: createLocalNotifier() })
    const running = begin(turnId, 'Hello', { store, timing: { leaseMs: 600_000 } })
    await rig.impostor.gate('look').reached()
    const later = await rig.rows.addMessage()
    const request = { conversationId: 1, turnId: later, input: { text: 'And this' } }
    const told = await store.enqueue({ ...request, delivery: 'steer' })
    expect(told).to.deep.equal({ accepted: true, delivery: 'steer', steers: [turnId] })
    await arrived(rig, 2)
    rig.impostor.gate('look').open()
    await running
    expect(await ends(rig)).to.deep.equal(['completed: I look.', 'completed: Both.'])
  })

  for (const kept of ['in rows', 'in memory'] as const) {
    it(`reaches it as it was put right last, also when that was while it was being taken: ${kept}`, async () => {
      rig.impostor.answer([
        on('Hello', reply(...looks)),
        on('And thsi', reply(text('Wrong.'))),
        on('And this', reply(text('Both.'))),
      ])
      const memory = createMemoryStore()
      const store: TurnStore & Required<InboxStore> =
        kept === 'in rows' ? rig.rows.store : (memory as typeof memory & Required<InboxStore>)
      const later = await rig.rows.addMessage()
      for (const id of [turnId, later]) memory.addTurn({ conversationId: 1, turnId: id })
      const enqueue = (words: string) =>
        store.enqueue({
          conversationId: 1,
          turnId: later,
          delivery: 'steer',
          input: { text: words, parts: words === 'And this' ? [note] : [] },
        })
      let isRight = false
      const reading: TurnOptions['store'] = {
        ...store,
        readSteers: async (lease) => {
          const read = await store.readSteers(lease)
          if (read.length > 0 && !isRight) {
            isRight = true
            expect(await enqueue('And this')).to.include({ accepted: true })
          }
          return read
        },
      }
      const running = begin(turnId, 'Hello', { store: reading })
      await rig.impostor.gate('look').reached()
      await enqueue('And thsi')
      await arrived(rig, 2)
      rig.impostor.gate('look').open()
      expect(await running).to.include({ ending: 'steered' })
      expect((await store.read(later))?.text).to.equal('Both.')
      const prompts = rig.impostor.journal.filter(({ path }) => path.endsWith('/prompt_async'))
      expect(JSON.stringify(prompts.map(({ body }) => body))).to.not.include('And thsi')
    })
  }

  it('is sent once when the first attempt failed, or the process was paused right before it', async () => {
    rig.impostor.answer([on('Hello', reply(...looks)), on('And this', reply(text('Both.')))])
    const failures: (() => Error)[] = [() => new LeaseInDoubt(), () => new Error('out of order')]
    const { prompt } = rig.client
    let sends = 0
    const send: typeof prompt.send = async (...args) => {
      sends += 1
      const failure = sends === 1 ? undefined : failures.shift()
      if (failure !== undefined) throw failure()
      return await prompt.send(...args)
    }
    const client = { ...rig.client, prompt: { ...prompt, send } }
    const running = begin(turnId, 'Hello', { client })
    await rig.impostor.gate('look').reached()
    await post(rig, 'And this', 'steer')
    await arrived(rig, 2)
    rig.impostor.gate('look').open()
    await running
    // The first, three of the message, and one of its own run, which only looks.
    expect(sends).to.equal(5)
    expect(await ends(rig)).to.deep.equal(['completed: I look.', 'completed: Both.'])
    expect(await rig.userMessages()).to.equal(2)
  })

  it('is answered together with others, and the newest has the answer', async () => {
    rig.impostor.answer([on('Hello', reply(...looks)), on('And that', reply(text('All.')))])
    const running = begin(turnId, 'Hello')
    await rig.impostor.gate('look').reached()
    await post(rig, 'And this', 'steer')
    await post(rig, 'And that', 'steer')
    await arrived(rig, 3)
    rig.impostor.gate('look').open()
    await running
    expect(await ends(rig)).to.deep.equal(['completed: I look.', 'completed: ', 'completed: All.'])
    const [, second] = settled
    expect(second).to.include({ ending: 'steered', cost: 0 })
    const { server, rows } = await costs(rig)
    expect(rows).to.equal(server)
  })

  it('is steered itself by the next one, and all are run by the worker that has the conversation', async () => {
    rig.impostor.answer([
      on('Hello', reply(...looks)),
      on('And this', reply(text('Both.'), gate('both'), ...looks.slice(2))),
      on('And that', reply(text('All.'))),
    ])
    const running = begin(turnId, 'Hello')
    await rig.impostor.gate('look').reached()
    const second = await post(rig, 'And this', 'steer')
    await arrived(rig, 2)
    rig.impostor.gate('look').open()
    await rig.impostor.gate('both').reached()
    await until(async () => (await rig.rows.row(turnId))['status'] === 'completed')
    const third = await post(rig, 'And that', 'steer')
    await arrived(rig, 3)
    rig.impostor.gate('both').open()
    await running
    expect(await ends(rig)).to.deep.equal([
      'completed: I look.',
      'completed: Both.',
      'completed: All.',
    ])
    expect(settled.map((each) => each.turnId)).to.deep.equal([turnId, second, third])
  })

  it('is a turn of its own when the running one ended before it got in', async () => {
    rig.impostor.answer([
      on('Hello', reply(text('Hello '), gate('more'), text('you.'))),
      on('And this', reply(text('That, too.'))),
    ])
    const running = begin(turnId, 'Hello')
    await rig.impostor.gate('more').reached()
    const later = await post(rig, 'And this', 'steer')
    await arrived(rig, 2)
    rig.impostor.gate('more').open()
    expect(await running).to.include({ ending: 'answered', answeredBy: null })
    expect(await ends(rig)).to.deep.equal(['completed: Hello you.', 'completed: That, too.'])
    expect(order()).to.deep.equal([
      [turnId, 'completed'],
      [later, 'completed'],
    ])
  })

  it('waits in the line when nothing runs, and runs as any other turn', async () => {
    rig.impostor.answer([on('Hello', reply(text('Hi.'))), on('And this', reply(text('Yes.')))])
    const first = await post(rig, 'Hello', 'steer')
    const second = await post(rig, 'And this', 'steer')
    const { next } = (await begin(first, 'Hello')) as { readonly next?: unknown }
    expect(next).to.equal(second)
    await begin(second, 'And this')
    expect((await ends(rig)).slice(1)).to.deep.equal(['completed: Hi.', 'completed: Yes.'])
  })

  it('is withdrawn until it is taken; then it is told that it was', async () => {
    rig.impostor.answer([on('Hello', reply(...looks)), on('And this', reply(text('Both.')))])
    const readSteers = rig.rows.store.readSteers
    let isHeldBack = true
    const store = {
      ...rig.rows.store,
      readSteers: async (...args: Parameters<typeof readSteers>) =>
        isHeldBack ? [] : await readSteers(...args),
    }
    const running = begin(turnId, 'Hello', { store })
    await rig.impostor.gate('look').reached()
    const withdrawn = await post(rig, 'Never mind', 'steer')
    expect(await rig.rows.anotherStore().withdraw(withdrawn)).to.equal('withdrawn')
    isHeldBack = false
    const later = await post(rig, 'And this', 'steer')
    await arrived(rig, 2)
    expect(await rig.rows.anotherStore().withdraw(later)).to.equal('taken')
    rig.impostor.gate('look').open()
    await running
    expect(await ends(rig)).to.deep.equal([
      'completed: I look.',
      'cancelled: withdrawn',
      'completed: Both.',
    ])
    expect(await rig.userMessages()).to.equal(2)
  })

  it('is asked all the same when the running turn is cancelled before it was answered', async () => {
    rig.impostor.answer([
      on('Hello', reply(text('I look.'), gate('never'))),
      on('And this', reply(text('On my own.'))),
    ])
    const running = begin(turnId, 'Hello')
    await rig.impostor.gate('never').reached()
    await post(rig, 'And this', 'steer')
    await arrived(rig, 2)
    await rig.rows.anotherStore().cancel({ turnId })
    expect(await running).to.include({ status: 'cancelled' })
    expect(await ends(rig)).to.deep.equal(['cancelled: I look.', 'completed: On my own.'])
    expect(await rig.userMessages()).to.equal(2)
  })

  it('is refused in its own row when the server would not take it, and the running turn goes on', async () => {
    rig.impostor.answer(on('Hello', reply(...looks, text('Alone.'))))
    const running = begin(turnId, 'Hello')
    await rig.impostor.gate('look').reached()
    const later = await rig.rows.addMessage()
    const parts = [{ type: 'file', mime: 'text/plain', url: 'file:///etc/passwd' }]
    const request = { conversationId: 1, turnId: later, input: { parts } }
    await rig.rows.anotherStore().enqueue({ ...request, delivery: 'steer' })
    rig.impostor.gate('look').open()
    expect(await running).to.include({ status: 'completed', ending: 'answered' })
    await begin(later, 'Something else')
    expect(await rig.rows.row(later)).to.include({ error_code: 'prompt_rejected' })
  })

  it('leaves the history whole: each message is kept, as it was in the end', async () => {
    rig.impostor.answer([
      on('Hello', reply(...looks)),
      on('And this', reply(text('Both '), gate('both'), text('of them.'))),
    ])
    const history = createMemoryHistory()
    const running = begin(turnId, 'Hello', { history })
    await rig.impostor.gate('look').reached()
    const sessionId = await sessionOf(rig)
    const parts = [{ type: 'text' as const, text: 'A note' }]
    await rig.client.session.promptAsync(sessionId, { parts, noReply: true })
    await post(rig, 'And this', 'steer')
    await arrived(rig, 3)
    rig.impostor.gate('look').open()
    await rig.impostor.gate('both').reached()
    await until(async () => (await rig.rows.row(turnId))['status'] === 'completed')
    rig.impostor.gate('both').open()
    await running
    const kept = (await history.read(1)).flatMap(({ sessions }) => sessions[0]?.messages ?? [])
    expect(JSON.parse(JSON.stringify(kept))).to.deep.equal(
      JSON.parse(JSON.stringify(await rig.client.session.messages(sessionId))),
    )
  })
})
