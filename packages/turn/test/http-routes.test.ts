import type { ReplyView } from '@turnstead/reply'
import { ask, gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { setImmediate } from 'node:timers/promises'
import { type RowId, runTurn, type TurnOptions, waitForPerson } from '../src/index.js'
import {
  createTurnRoutes,
  type RouteAccess,
  type RouteFile,
  type TurnRoutes,
  type TurnRoutesOptions,
} from '../src/http.js'
import { followTurn } from '../src/live.js'
import { readEvents } from './support/read-events.js'
import { openRig, type Rig } from './support/rig.js'
import { createTestNotifier, type TestNotifier } from './support/test-notifier.js'

const origin = 'http://app.test'
const jsonType = { 'content-type': 'application/json' }

describe('the routes of a web process', () => {
  let rig: Rig
  let notifier: TestNotifier
  const asked: Omit<RouteAccess, 'request'>[] = []
  const problems: unknown[] = []

  beforeEach(async () => {
    rig = await openRig(on('Hello', reply(text('Seen. '), gate('held'), text('Rest.'))))
    notifier = createTestNotifier()
    asked.length = 0
    problems.length = 0
  })
  afterEach(async () => {
    await rig.close()
    expect(notifier.topics()).to.deep.equal([])
  })

  const optionsOf = (
    more: Partial<TurnRoutesOptions<number, RouteFile>> = {},
  ): TurnRoutesOptions<number, RouteFile> => ({
    store: rig.rows.anotherStore(),
    notifier,
    pollMs: 50,
    authorize: ({ request: _, ...access }) => {
      asked.push(access)
      return { userId: 7 }
    },
    begin: () => rig.rows.addMessage(),
    openTurn: async () => null,
    onError: (error, { step, turnId }) =>
      problems.push(`${step} ${String(turnId)} ${String(error)}`),
    ...more,
  })
  const open = (more: Partial<TurnRoutesOptions<number, RouteFile>> = {}): TurnRoutes =>
    createTurnRoutes(optionsOf(more))

  const get = async (
    routes: TurnRoutes,
    path: string,
    init: RequestInit = {},
  ): Promise<Response> => {
    const response = await routes(new Request(origin + path, init))
    if (response === null) throw new Error(`${path} is no route`)
    return response
  }
  const post = (routes: TurnRoutes, path: string, body: unknown): Promise<Response> =>
    get(routes, path, { method: 'POST', headers: jsonType, body: JSON.stringify(body) })
  const codeOf = async (response: Response): Promise<string> => {
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    expect(error.message).to.match(/^[A-Z].*\.$/)
    return `${response.status} ${error.code}`
  }
  const run = (turnId: number, more: Partial<TurnOptions> = {}): Promise<unknown> =>
    runTurn(rig.options(turnId, 'Hello', { notifier, ...more }))

  const message = (words: string, more: object = {}): object => ({
    id: '1',
    messages: [{ role: 'user', parts: [{ type: 'text', text: words }] }],
    ...more,
  })

  it('begins a turn, and shows it to its end', async () => {
    const begun: unknown[] = []
    const routes = open({
      begin: async ({ request: _, ...begin }) => {
        begun.push(begin)
        return rig.rows.addMessage()
      },
    })
    const response = await post(routes, '/conversations/1/turns', { text: 'Hello', tone: 'kind' })
    expect(response.status).to.equal(201)
    const { turnId } = (await response.json()) as { turnId: number }
    const told = { conversationId: '1', userId: 7, text: 'Hello', delivery: 'queue' }
    expect(begun).to.deep.equal([{ ...told, body: { text: 'Hello', tone: 'kind' } }])

    const events = readEvents(await get(routes, `/turns/${turnId}/events`))
    expect((await events.next()).value).to.include({ event: 'snapshot' })
    const running = run(turnId)
    await rig.impostor.gate('held').reached()
    rig.impostor.gate('held').open()
    let last = { id: '', event: '' }
    for await (const event of events) last = event
    expect(last.event).to.equal('end')
    await running
    const again = { headers: { 'last-event-id': last.id } }
    expect((await get(open(), `/turns/${turnId}/events`, again)).status).to.equal(204)
    expect(asked).to.deep.include({ action: 'start', conversationId: '1' })
    expect(asked).to.deep.include({ action: 'follow', turnId: String(turnId) })
  })

  it('goes on where the browser was, as long as another one follows the turn', async () => {
    const turnId = await rig.rows.addMessage()
    const routes = open()
    const path = `/turns/${turnId}/events`
    const first = readEvents(await get(routes, path))
    const { id } = ((await first.next()) as IteratorYieldResult<{ id: string }>).value
    const second = readEvents(await get(routes, path, { headers: { 'last-event-id': id } }))
    const running = run(turnId)
    await rig.impostor.gate('held').reached()
    expect((await second.next()).value).to.include({ event: 'change' })
    await first.return(undefined)
    rig.impostor.gate('held').open()
    let last = ''
    for await (const { event } of second) last = event
    expect(last).to.equal('end')
    await running
  })

  it('lets go of a turn when its reader leaves, its request is aborted, or only heads were asked for', async () => {
    const turnId = await rig.rows.addMessage()
    const routes = open({ openTurn: async () => turnId })
    const paths = [`/turns/${turnId}/events`, '/chat/1/stream']
    const free = async (): Promise<void> => {
      await setImmediate()
      expect(notifier.topics()).to.deep.equal([])
    }
    for (const path of paths) {
      const response = await get(routes, path)
      expect(notifier.topics()).to.not.deep.equal([])
      const reader = response.body!.getReader()
      await reader.read()
      await reader.cancel()
      await free()

      const leave = new AbortController()
      const unread = await get(routes, path, { signal: leave.signal })
      expect(notifier.topics()).to.not.deep.equal([])
      leave.abort()
      await free()
      await unread.text()

      const head = await get(routes, path, { method: 'HEAD' })
      expect(head.body).to.equal(null)
      expect(head.headers.get('content-type')).to.match(/^text\/event-stream/)
      expect(head.headers.get('cache-control')).to.include('no-transform')
      await free()
    }
    expect(problems).to.deep.equal([])
  })

  it('streams to useChat, and again to one that comes later', async () => {
    let turnId: number | null = null
    const routes = open({
      begin: async () => (turnId = await rig.rows.addMessage()),
      openTurn: async (id) => (id === '1' ? turnId : null),
    })
    const chat = await post(routes, '/chat', message('Hello'))
    expect(chat.headers.get('x-vercel-ai-ui-message-stream')).to.equal('v1')
    const running = run(turnId!)
    await rig.impostor.gate('held').reached()
    const resumed = await get(routes, '/chat/1/stream')
    rig.impostor.gate('held').open()
    const [one, other] = await Promise.all([chat.text(), resumed.text()])
    await running
    for (const said of [one, other]) {
      expect(said).to.include(`"messageId":"turn-${turnId}:reply"`)
      expect(said).to.match(/Seen\. .*Rest\..*\[DONE\]\n\n$/s)
    }
    expect((await get(routes, '/chat/2/stream')).status).to.equal(204)
    expect(asked.at(-1)).to.deep.equal({ action: 'follow', conversationId: '2' })
  })

  it('streams a turn whose row a replica does not have yet', async () => {
    const store = rig.rows.anotherStore()
    let lateReads = 2
    const late = {
      ...store,
      read: async (id: RowId) => ((lateReads -= 1) >= 0 ? null : store.read(id)),
    }
    const chat = await post(open({ store: late }), '/chat', message('Hello'))
    expect(chat.status).to.equal(200)
    expect(lateReads).to.be.lessThan(0)
    await chat.body?.cancel()
  })

  it('stops a turn, and answers what its agent asks', async () => {
    rig.impostor.answer(
      on('Write', reply(ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })))),
    )
    const turnId = await rig.rows.addMessage()
    const routes = open()
    const running = runTurn(rig.options(turnId, 'Write', { notifier, asks: waitForPerson }))
    const turn = await followTurn({ store: rig.rows.store, notifier, turnId })
    const askId = await new Promise<string>((resolve) => {
      const look = (view: ReplyView): void => {
        const [first] = view.asks
        if (first !== undefined) resolve(first.id)
      }
      turn?.observe({ changed: () => look(turn.view()) })
    })
    turn?.close()
    const path = `/turns/${turnId}/asks/${askId}`
    expect(await codeOf(await post(routes, path, {}))).to.equal('400 invalid_decision')
    const other = { action: 'answer', answers: [['yes']] }
    expect(await codeOf(await post(routes, path, other))).to.equal('400 invalid_decision')
    expect(
      await codeOf(await post(routes, `/turns/99/asks/${askId}`, { action: 'allow' })),
    ).to.equal('409 ask_missing')
    const done = await post(routes, path, { action: 'allow' })
    expect([done.status, await done.json()]).to.deep.equal([200, { outcome: 'done' }])
    expect(await codeOf(await post(routes, path, { action: 'allow' }))).to.equal('409 ask_answered')
    await running
    expect((await rig.rows.store.read(turnId))?.asks[0]?.answeredBy).to.equal('7')

    const waiting = await rig.rows.addMessage()
    const stop = (): Promise<Response> =>
      get(routes, `/turns/${waiting}/stop`, { method: 'POST', headers: jsonType })
    expect(await (await stop()).json()).to.deep.equal({ stopped: true })
    expect(await (await stop()).json()).to.deep.equal({ stopped: false })
  })

  it('shows of files what a browser needs, and has the host send them', async () => {
    const file = {
      ...{ id: 'one', path: 'docs/a.md', name: 'a.md', contentType: 'text/markdown', sizeBytes: 3 },
      key: 'secret/place',
    }
    const routes = open({
      files: {
        list: async function* () {
          yield file
        },
        find: async (_, fileId) => (fileId === file.id ? file : null),
        respond: async ({ method }, { id }) => new Response(method === 'HEAD' ? null : `of ${id}`),
      },
    })
    const { key: _, ...shown } = file
    const listed = await get(routes, '/turns/1/files')
    expect(await listed.json()).to.deep.equal({ files: [shown] })
    expect(await (await get(routes, '/turns/1/files/one')).text()).to.equal('of one')
    expect(await codeOf(await get(routes, '/turns/1/files/two'))).to.equal('404 not_found')
    const head = await get(routes, '/turns/1/files', { method: 'HEAD' })
    expect(head.headers.get('content-length')).to.equal(listed.headers.get('content-length'))
  })

  it('is reached by no one whom the host does not know', async () => {
    expect(() => createTurnRoutes({ ...optionsOf(), authorize: undefined as never })).to.throw(
      TypeError,
      '`authorize`',
    )
    const unreachable = (): never => {
      throw new Error('must not be reached')
    }
    const nothing = { read: unreachable, cancel: unreachable, answerAsk: unreachable }
    const files = { list: unreachable, find: unreachable, respond: unreachable }
    const paths = {
      POST: ['/conversations/1/turns', '/chat', '/turns/1/stop', '/turns/1/asks/per_1'],
      GET: ['/chat/1/stream', '/turns/1/events', '/turns/1/files', '/turns/1/files/one'],
    }
    for (const no of [null, false, undefined as never, {} as never, { userId: null as never }]) {
      const others = { begin: unreachable, openTurn: unreachable, files }
      const routes = open({ store: nothing, ...others, authorize: () => no as null })
      for (const path of paths.POST) {
        expect(
          await codeOf(await post(routes, path, message('Hello', { text: 'Hello' }))),
        ).to.equal('404 not_found')
      }
      for (const path of paths.GET) {
        expect(await codeOf(await get(routes, path))).to.equal('404 not_found')
        expect((await get(routes, path, { method: 'HEAD' })).status).to.equal(404)
      }
    }
    expect(problems).to.deep.equal([])
  })

  it('takes JSON alone, so that no form of another site is taken', async () => {
    const routes = open()
    const body = JSON.stringify({ text: 'Hello' })
    const types = ['text/plain', 'text/plain; application/json', 'multipart/form-data', '']
    for (const type of types) {
      const headers = type === '' ? {} : { 'content-type': type }
      const init = { method: 'POST', headers, body: new TextEncoder().encode(body) }
      expect(await codeOf(await get(routes, '/conversations/1/turns', init))).to.equal(
        '415 not_json',
      )
    }
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
    const init = { method: 'POST', headers, body }
    expect((await get(routes, '/conversations/1/turns', init)).status).to.equal(201)
    expect(asked).to.have.length(1)
  })

  it('reads no body of those who may not, but of `useChat`, which names the conversation there', async () => {
    let pulled = 0
    const routes = open({ authorize: () => null })
    for (const path of ['/conversations/1/turns', '/turns/1/stop', '/turns/1/asks/a']) {
      const body = new ReadableStream<Uint8Array>(
        { pull: () => void (pulled += 1) },
        { highWaterMark: 0 },
      )
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
      expect(await codeOf(await get(routes, path, init))).to.equal('404 not_found')
    }
    expect(pulled).to.equal(0)
  })

  it('refuses bodies that are too long or no use, without keeping them', async () => {
    let begun = 0
    const routes = open({
      maxBodyBytes: 1_000,
      begin: async () => (begun += 1),
    })
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1
        controller.enqueue(new Uint8Array(400))
      },
    })
    const stream = { method: 'POST', headers: jsonType, body: endless, duplex: 'half' as const }
    expect(await codeOf(await get(routes, '/chat', stream))).to.equal('413 too_large')
    expect(pulled).to.be.below(6)
    const claimed = { ...jsonType, 'content-length': '1001' }
    const unread = { method: 'POST', headers: claimed, body: '{}' }
    expect(await codeOf(await get(routes, '/chat', unread))).to.equal('413 too_large')

    const start = '/conversations/1/turns'
    for (const body of ['{', '[]', 'null', '"text"', '{}', '{"text":" "}', '{"text":1}']) {
      const init = { method: 'POST', headers: jsonType, body }
      expect(await codeOf(await get(routes, start, init))).to.equal('400 invalid_body')
    }
    const parts = [{ type: 'text', text: '' }]
    for (const body of [
      message(' '),
      message('Hello', { id: 1 }),
      message('Hello', { id: 'a\0' }),
      message('Hello', { messages: [] }),
      message('Hello', {
        messages: [{ role: 'assistant', parts: [{ type: 'text', text: 'Hi' }] }],
      }),
      message('Hello', { messages: [{ role: 'user', parts }] }),
      message('Hello', { messages: [{ role: 'user', parts: 'Hello' }] }),
    ]) {
      expect(await codeOf(await post(routes, '/chat', body))).to.equal('400 invalid_body')
    }
    expect(begun).to.equal(0)
    const file = { type: 'file', mediaType: 'text/plain', url: 'data:,hello' }
    const onlyFile = message('', { messages: [{ role: 'user', parts: [file] }] })
    await post(routes, '/chat', onlyFile)
    expect(begun).to.equal(1)
  })

  it('knows its own paths, below its prefix, and no others', async () => {
    const routes = open({ prefix: '/app/agent' })
    const ask = (path: string, method = 'GET'): Promise<Response | null> =>
      routes(new Request(origin + path, { method }))
    for (const path of ['/turns/1/events', '/app/agent', '/app/agents/turns/1/events']) {
      expect(await ask(path)).to.equal(null)
    }
    for (const path of ['/turns/1/', '/turns//events', '/turns/%ff/events', '/turns/a%00/events']) {
      expect(await ask(`/app/agent${path}`)).to.equal(null)
    }
    // Without files there is no route to them.
    expect(await ask('/app/agent/turns/1/files')).to.equal(null)
    const wrong = await ask('/app/agent/turns/1/events', 'DELETE')
    expect(wrong?.headers.get('allow')).to.equal('GET, HEAD')
    expect(await codeOf(wrong!)).to.equal('405 method_not_allowed')
    expect((await ask('/app/agent/turns/1%20or%201/events'))?.status).to.equal(404)
    expect(asked.at(-1)).to.deep.equal({ action: 'follow', turnId: '1 or 1' })
    for (const prefix of ['agent', '/agent/', '/']) {
      expect(() => open({ prefix })).to.throw(TypeError, '`prefix`')
    }
    const root = [4] as unknown as string[]
    expect(() => open({ views: { root } })).to.throw(TypeError, '`views.root`')
    expect(() => open({ maxBodyBytes: NaN })).to.throw(RangeError, '`maxBodyBytes`')
  })

  it('says nothing of what went wrong inside, and reports it', async () => {
    const fail = async (): Promise<never> => {
      throw new Error('password=hunter2')
    }
    const routes = open({ begin: fail, authorize: async () => ({ userId: 7 }), openTurn: fail })
    const answers = await Promise.all([
      post(routes, '/conversations/1/turns', { text: 'Hello' }),
      get(routes, '/chat/1/stream'),
      get(open({ authorize: fail }), '/turns/5/events'),
    ])
    for (const answer of answers) {
      expect(await answer.clone().text()).to.not.include('hunter2')
      expect(await codeOf(answer)).to.equal('500 failed')
    }
    expect(problems).to.have.members([
      'route null Error: password=hunter2',
      'route null Error: password=hunter2',
      'route 5 Error: password=hunter2',
    ])
  })

  it('says so when the host begins a turn and does not give its id', async () => {
    for (const given of [undefined, null, [{ id: 1 }]]) {
      const routes = open({ begin: async () => given as never })
      const response = await post(routes, '/conversations/1/turns', { text: 'Hello' })
      expect(await codeOf(response)).to.equal('500 failed')
      expect(problems.pop()).to.match(/TypeError: `begin` must give the id of the row/)
    }
  })

  it('lets the host answer in its own way, and gives large ids as text', async () => {
    const full = open({ begin: async () => new Response('too many', { status: 429 }) })
    expect((await post(full, '/conversations/1/turns', { text: 'Hello' })).status).to.equal(429)
    expect((await post(full, '/chat', message('Hello'))).status).to.equal(429)
    const large = open({ begin: async () => 9_007_199_254_740_993n })
    const response = await post(large, '/conversations/1/turns', { text: 'Hello' })
    expect(await response.json()).to.deep.equal({ turnId: '9007199254740993', delivery: null })
  })
})
