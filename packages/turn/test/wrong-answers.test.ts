import { type AnswerFault, fault, gate, on, reply, text } from '@turnstead/testkit'
import { createMessageId, createPartId } from '@turnstead/wire'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { type Prompt, runTurn } from '../src/index.js'
import { observing, openRig, type Rig } from './support/rig.js'

const page = (status: number): AnswerFault =>
  fault.status(status, { headers: { 'content-type': 'text/html' }, body: '<html>gateway</html>' })
const json = (body: unknown): AnswerFault =>
  fault.status(200, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body) ?? '',
  })

describe('a turn among wrong answers', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([
      on('First', reply(text('Remember 42.'))),
      on('Hello', reply(text('Whole answer.')), { times: 3 }),
    ])
    await runTurn(rig.options(await rig.rows.addMessage(), 'First'))
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const sessions = async (): Promise<string[]> =>
    (await rig.client.session.list()).map(({ id }) => id)

  for (const request of [
    'GET /session/*',
    'GET /session/*/message',
    'POST /session/*/prompt_async',
    'GET /session/status',
  ] as const) {
    for (const [name, broken] of [
      ['one wrong 404', fault.notFound()],
      ['a 404 page of an ingress', page(404)],
      ['a 403 page of a firewall', page(403)],
      ['a redirect of a login', page(302)],
      ['null', json(null)],
      ['a list of null', json([null])],
    ] as const) {
      it(`keeps session, history and answer through ${name} at ${request}`, async () => {
        const before = await sessions()
        rig.impostor.fail(request, broken, { times: 1 })
        const result = await runTurn(rig.options(turnId, 'Hello'))
        expect(result).to.include({ status: 'completed', sessionRecreated: false })
        expect(result).to.have.nested.property('reply.text', 'Whole answer.')
        expect(await sessions()).to.deep.equal(before)
        expect(await rig.userMessages()).to.equal(2)
      })
    }
  }

  it('says so also when the worker that made the new session died before it asked', async () => {
    await rig.client.session.delete((await sessions())[0] ?? '')
    const never = new Promise<never>(() => undefined)
    let die: () => void = () => undefined
    const died = new Promise<void>((resolve) => (die = resolve))
    let isDead = false
    const { store } = rig.rows
    const dying: typeof store = {
      ...store,
      async recreateSession(...args) {
        await store.recreateSession(...args)
        isDead = true
        die()
        return await never
      },
      renew: async (...args) => (isDead ? await never : await store.renew(...args)),
    }
    const end = new AbortController()
    const first = runTurn(
      rig.options(turnId, 'Hello', {
        store: { ...dying, release: async () => undefined },
        signal: end.signal,
        recovery: { onSessionLost: 'replace' },
      }),
    )
    await died
    const again = {
      store: rig.rows.anotherStore(),
      owner: 'worker-2',
      onBusy: 'wait',
      recovery: { onSessionLost: 'replace' },
    } as const
    const result = await runTurn(rig.options(turnId, 'Hello', again))
    expect(result).to.include({ status: 'completed', sessionRecreated: true })
    const nextId = await rig.rows.addMessage()
    const next = await runTurn(rig.options(nextId, 'Hello', again))
    expect(next).to.include({ status: 'completed', sessionRecreated: false })
    end.abort()
    await first
  })

  it('says so when the session really is gone, and goes on in a new one', async () => {
    await rig.client.session.delete((await sessions())[0] ?? '')
    const result = await runTurn(
      rig.options(turnId, 'Hello', { recovery: { onSessionLost: 'replace' } }),
    )
    expect(result).to.include({ status: 'completed', sessionRecreated: true, session: 'replaced' })
    expect((await rig.rows.row(turnId))['session_recreated']).to.be.oneOf([1, true])
    expect(rig.reports.join()).to.contain('has forgotten')
  })
})

describe('a turn of which only the stream comes through', () => {
  let rig: Rig
  afterEach(() => rig.close())

  it('is settled by what the stream said, when nothing of it was missed', async () => {
    rig = await openRig(on('Hello', reply(text('Whole '), text('answer.'))))
    const turnId = await rig.rows.addMessage()
    rig.impostor.fail('GET /session/*/message', fault.unavailable(), { times: 10_000 })
    const result = await runTurn(rig.options(turnId, 'Hello'))
    expect(result).to.have.nested.property('reply.text', 'Whole answer.')
    expect(result.status).to.equal('completed')
  })

  it('is not settled by a stream that has missed something, though it told the end', async () => {
    rig = await openRig(
      on('Hello', reply(text('One. '), gate('away'), text('Two. '), gate('back'), text('Three.'))),
    )
    const turnId = await rig.rows.addMessage()
    rig.impostor.fail('GET /session/*/message', fault.unavailable(), { times: 10_000 })
    const statuses: string[] = []
    const running = runTurn(
      rig.options(turnId, 'Hello', {
        budgets: { unreachableMs: 1_500, stopMs: 300 },
        onReply: observing({ statusChanged: ({ status }) => void statuses.push(status) }),
      }),
    )
    await rig.impostor.gate('away').reached()
    const heal = rig.impostor.fail('GET /event', fault.refuse(), { times: 10_000 })
    rig.impostor.streams.end()
    rig.impostor.gate('away').open()
    await rig.impostor.gate('back').reached()
    heal()
    const watcher = rig.connect().events.subscribe({})
    await watcher.ready
    // The turn's own stream tries again every 20 ms at most.
    await new Promise((resolve) => setTimeout(resolve, 100))
    rig.impostor.gate('back').open()
    const result = await running
    watcher.close()
    expect(statuses.at(-1)).to.equal('idle')
    expect(result).to.have.nested.property('error.code', 'server_unreachable')
  })
})

describe('a turn beside other clients of its session', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([
      on('Mine', reply(text('My answer.'), gate('mine'), text(' All of it.'))),
      on('Theirs', reply(text('Their start.'), gate('theirs'), text('Their end.'))),
    ])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  it('is settled when its answer has ended, though another prompt keeps the session busy', async () => {
    const running = runTurn(rig.options(turnId, 'Mine', { budgets: { progressMs: 2_000 } }))
    await rig.impostor.gate('mine').reached()
    const session = (await rig.client.session.list())[0]?.id ?? ''
    const ended = rig.impostor.events.next(
      ({ type, properties }) =>
        type === 'message.updated' && JSON.stringify(properties).includes('"completed"'),
    )
    rig.impostor.gate('mine').open()
    await ended
    const parts = [{ type: 'text' as const, text: 'Theirs', id: createPartId() }]
    await rig.client.session.promptAsync(session, { messageID: createMessageId(), parts })
    await rig.impostor.gate('theirs').reached()
    expect(await running).to.have.nested.property('reply.text', 'My answer. All of it.')
    expect(await rig.client.session.status()).to.have.property(session)
    rig.impostor.gate('theirs').open()
  })

  it('follows its session into the directory in which it was made', async () => {
    const elsewhere = rig.connect().withScope({ directory: '/somewhere/else' })
    const first = runTurn(rig.options(turnId, 'Mine'))
    rig.impostor.gate('mine').open()
    expect((await first).status).to.equal('completed')
    rig.impostor.answer(on('Again', reply(text('Slow.'), gate('slow'), text(' Done.'))))
    const nextId = await rig.rows.addMessage()
    const client = { ...rig.client, ...elsewhere }
    const next = runTurn(rig.options(nextId, 'Again', { client }))
    await rig.impostor.gate('slow').reached()
    for (let polls = 0; polls < 12; polls += 1) await rig.impostor.next('GET /session/status')
    rig.impostor.gate('slow').open()
    expect(await next).to.have.nested.property('reply.text', 'Slow. Done.')
  })
})

describe('the prompt of a turn', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig(on('Hello', reply(text('Hi.'))))
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  for (const [name, prompt] of [
    ['has nothing to send', {}],
    ['would change the rules of the session', { text: 'Hello', tools: { bash: true } } as Prompt],
    ['is no JSON', { text: 'Hello', system: 1n as unknown as string }],
    ['names a model without its provider', { text: 'Hello', model: 'gpt' }],
    [
      'has a file outside of what the client allows',
      {
        parts: [
          { type: 'file' as const, mime: 'text/plain', url: 'file:///etc/passwd', filename: 'p' },
        ],
      },
    ],
  ] as const) {
    it(`is refused at the door when it ${name}`, async () => {
      const options = rig.options(turnId, 'Hello')
      const error: unknown = await runTurn({ ...options, prompt }).catch(
        (reason: unknown) => reason,
      )
      expect(error).to.be.instanceOf(TypeError)
      expect(await rig.rows.row(turnId)).to.include({ status: 'pending' })
    })
  }

  it('takes its model by one name', async () => {
    await runTurn({ ...rig.options(turnId, ''), prompt: { text: 'Hello', model: 'a/b/c' } })
    const sent = rig.impostor.journal.entries.find(({ path }) => path.endsWith('/prompt_async'))
    expect(JSON.stringify(sent?.body)).to.contain('"providerID":"a","modelID":"b/c"')
  })
})
