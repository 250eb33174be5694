import { on, reply, text } from '@turnstead/testkit'
import { waitForPerson } from '@turnstead/turn'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import {
  answerTask,
  type HostToolCall,
  hostTool,
  type HostTools,
  opencodeTask,
} from '../src/index.js'
import { hostToolRules, noHostTools, serverNameOf } from '../src/host-tools/offer.js'
import { execute, lastOf, type Rig } from './support/rig.js'
import { calling, fullName, open, scope, start, weather } from './support/host-tools.js'
import { hurriedClock } from './support/hurried-clock.js'
import { lastingCall } from './support/lasting-call.js'
import { mcpCaller } from './support/mcp-caller.js'

describe('host tools', () => {
  let rig: Rig
  afterEach(() => rig[Symbol.asyncDispose]())

  it('are told to the server while the agent works, and run once for its call', async () => {
    rig = await open(calling('weather', { city: 'Oslo' }, 'called'))
    const caller = mcpCaller(rig.client)
    const calls: HostToolCall[] = []
    const running = start(caller, weather(calls))
    await rig.impostor.gate('called').reached()
    expect(caller.added.map(({ name }) => name)).to.deep.equal([serverNameOf(scope)])
    expect(caller.added[0]?.url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}$/)

    const { body } = await caller.request('initialize', { protocolVersion: '2025-11-25' })
    expect(body.result).to.deep.include({ capabilities: { tools: {} } })
    expect((await caller.request('notifications/initialized')).status).to.equal(202)
    const listed = (await caller.request('tools/list')).body.result?.['tools'] as object[]
    expect(listed).to.have.length(1)
    expect(listed[0]).to.deep.include({ name: 'weather', description: 'The weather of a city' })
    expect(listed[0]).to.have.nested.property('inputSchema.properties.city.type', 'string')

    const answer = await caller.call('weather', { city: 'Oslo' })
    expect(answer).to.deep.equal({ text: '{"city":"Oslo","sky":"clear"}', isError: false })
    rig.impostor.gate('called').open()
    const { sessionId, status } = await running
    expect(status).to.equal('complete')
    expect(calls).to.have.length(1)
    expect(calls[0]).to.include({ scope, toolCallId: 'call-1', sessionId })
    expect(calls[0]?.callKey).to.match(new RegExp(`^${sessionId}:prt_`))
    expect(caller.disconnected).to.deep.equal([serverNameOf(scope)])
  })

  it('run once for their call, and not after the run', async () => {
    rig = await open(calling('weather', { city: 'Oslo' }, 'called'))
    const caller = mcpCaller(rig.client)
    const calls: HostToolCall[] = []
    const clock = hurriedClock()
    const running = start(caller, weather(calls), { clock })
    await rig.impostor.gate('called').reached()
    const input = { city: 'Oslo' }
    expect((await caller.call('weather', input)).isError).to.equal(false)
    for (const id of [1, 1, 2]) {
      expect((await caller.call('weather', input, { id })).isError).to.equal(true)
    }
    expect(calls).to.have.length(1)
    const { url = '' } = caller.added[0] ?? {}
    rig.impostor.gate('called').open()
    await running
    const late = await fetch(url, { method: 'POST', body: '{}' }).catch(() => null)
    expect(late?.status ?? 404).to.equal(404)
  })

  it('run for nothing that the agent does not call: not by another name, input, or after its call', async () => {
    rig = await open(calling('weather', { city: 'Oslo' }, 'called'))
    const caller = mcpCaller(rig.client)
    const calls: HostToolCall[] = []
    const tools = { ...weather(calls), other: hostTool({ ...weather(calls)['weather'] } as never) }
    const running = start(caller, tools, { clock: hurriedClock() })
    await rig.impostor.gate('called').reached()
    for (const [name, input] of [
      ['other', { city: 'Oslo' }],
      ['weather', { city: 'Rome' }],
      ['weather', { city: 'Oslo', more: 1 }],
      ['toString', {}],
      ['__proto__', {}],
      ['nothing', { city: 'Oslo' }],
    ] as const) {
      expect((await caller.call(name, input)).isError, name).to.equal(true)
    }
    expect(calls).to.deep.equal([])
    rig.impostor.gate('called').open()
    await running
  })

  it('never run one conversation’s call as another’s, even for the same call at the same time', async () => {
    rig = await open([
      on('Mine', calling('weather', { city: 'Oslo' }, 'mine', 'chat-1')),
      on('Theirs', calling('weather', { city: 'Oslo' }, 'theirs', 'chat-2')),
    ])
    const caller = mcpCaller(rig.client)
    const mine: HostToolCall[] = []
    const theirs: HostToolCall[] = []
    const clock = hurriedClock()
    const one = start(caller, weather(mine), { prompt: 'Mine', scope: 'chat-1', clock })
    const two = start(caller, weather(theirs), { prompt: 'Theirs', scope: 'chat-2', clock })
    await rig.impostor.gate('mine').reached()
    await rig.impostor.gate('theirs').reached()
    const urlOf = (of: string) =>
      caller.added.find(({ name }) => name === serverNameOf(of))?.url ?? ''
    expect(urlOf('chat-1')).not.to.equal(urlOf('chat-2'))

    // The agent of chat-2 calls what is registered for chat-1: its own session has no such call.
    const input = { city: 'Oslo' }
    const first = await caller.call('weather', input, { url: urlOf('chat-1') })
    const again = await caller.call('weather', input, { url: urlOf('chat-1') })
    expect([first.isError, again.isError]).to.deep.equal([false, true])
    expect(mine.map(({ scope: of }) => of)).to.deep.equal(['chat-1'])
    expect(theirs).to.deep.equal([])
    const other = await caller.call('weather', input, { url: urlOf('chat-2') })
    expect(other.isError).to.equal(false)
    expect(theirs.map(({ scope: of }) => of)).to.deep.equal(['chat-2'])
    rig.impostor.gate('mine').open()
    rig.impostor.gate('theirs').open()
    await Promise.all([one, two])
  })

  it('are denied to every session but those of their scope', async () => {
    rig = await open(reply(text('It is done.')))
    const caller = mcpCaller(rig.client)
    const { sessionId } = await start(caller, weather([], { needsApproval: true }))
    const { permission } = await rig.client.session.get(String(sessionId))
    const name = serverNameOf(scope)
    expect(permission?.slice(-3)).to.deep.equal([
      { permission: 'host_*', pattern: '*', action: 'deny' },
      { permission: `${name}_*`, pattern: '*', action: 'allow' },
      { permission: `${name}_weather`, pattern: '*', action: 'ask' },
    ])
    const plain = await start(caller, {})
    const without = await rig.client.session.get(String(plain.sessionId))
    expect(without.permission?.slice(-1)).to.deep.equal([
      { permission: 'host_*', pattern: '*', action: 'deny' },
    ])
  })

  it('are those of now in a session that was begun with others', async () => {
    rig = await open(reply(text('It is done.')))
    const caller = mcpCaller(rig.client)
    const { sessionId } = await start(caller, {})
    const id = String(sessionId)
    const rules = async () => (await rig.client.session.get(id)).permission ?? []
    const begun = await rules()
    const goOn = async (hostTools: HostTools) => {
      const task = opencodeTask({ client: caller.client, scope, hostTools })
      const output = await lastOf(execute(task, { prompt: 'More', sessionId: id }))
      expect(output.status).to.equal('complete')
    }
    await goOn({})
    expect(await rules()).to.deep.equal(begun)
    for (const tools of [weather([]), weather([], { needsApproval: true }), {}]) {
      await goOn(tools)
      const now = hostToolRules({ tools, scope })
      const own = Object.keys(tools).length === 0 ? noHostTools : now
      expect((await rules()).slice(-own.length)).to.deep.equal(own)
      const { length } = await rules()
      await goOn(tools)
      expect(await rules()).to.have.length(length)
    }
  })

  it('wait for approval, and run for no call that was not approved', async () => {
    rig = await open([
      on('Ask', calling('weather', { city: 'Oslo' }, 'called')),
      on('First', reply(text('It is done.'))),
      on('Skip', calling('weather', { city: 'Oslo' }, 'skipped')),
    ])
    const caller = mcpCaller(rig.client)
    const calls: HostToolCall[] = []
    const tools = weather(calls, { needsApproval: true })
    const asks = waitForPerson
    const running = start(caller, tools, { prompt: 'Ask', asks, toolCallId: 'approved' })
    const asked = await rig.impostor.events.next(({ type }) => type === 'permission.asked')
    expect(asked.properties['permission']).to.equal(fullName('weather'))
    const early = caller.call('weather', { city: 'Oslo' })
    const askId = String(asked.properties['id'])
    const decision = { action: 'allow' } as const
    await untilAccepted(() => answerTask({ toolCallId: 'approved', scope, askId, decision }))
    await rig.impostor.gate('called').reached()
    // It came early, and was held back until a person had approved.
    expect((await early).isError).to.equal(false)
    expect(calls).to.have.length(1)
    rig.impostor.gate('called').open()
    await running

    // A session that was begun without the rule, and was not given it since, does not ask; then there was no approval.
    const clock = hurriedClock()
    const { sessionId } = await start(caller, weather([]), { prompt: 'First', clock })
    const { session } = caller.client
    const client = { ...caller.client, session: { ...session, update: session.get } as never }
    const task = opencodeTask({ client, scope, hostTools: tools, clock })
    const unasked = lastOf(execute(task, { prompt: 'Skip', sessionId: String(sessionId) }))
    await rig.impostor.gate('skipped').reached()
    expect((await caller.call('weather', { city: 'Oslo' })).isError).to.equal(true)
    expect(calls).to.have.length(1)
    rig.impostor.gate('skipped').open()
    await unasked
  })

  it('check what the agent gives, and tell it nothing of what went wrong in the host', async () => {
    rig = await open([
      on('Bad', calling('weather', { town: 'Oslo' }, 'bad')),
      on('Throws', calling('weather', { city: 'Oslo' }, 'throws')),
    ])
    const caller = mcpCaller(rig.client)
    const calls: HostToolCall[] = []
    const bad = start(caller, weather(calls), { prompt: 'Bad' })
    await rig.impostor.gate('bad').reached()
    const refused = await caller.call('weather', { town: 'Oslo' })
    expect(refused.isError).to.equal(true)
    expect(refused.text).to.contain('not valid').and.contain('city')
    expect(calls).to.deep.equal([])
    rig.impostor.gate('bad').open()
    await bad

    const reports: string[] = []
    const onError = (error: unknown): void => {
      reports.push(String(error))
      throw new Error('the handler fails, too')
    }
    const execute = () => {
      throw new Error('no row in table users of postgres://secret')
    }
    const throwing = start(caller, weather([], { execute }), {
      prompt: 'Throws',
      turn: { onError },
    })
    await rig.impostor.gate('throws').reached()
    const failed = await caller.call('weather', { city: 'Oslo' })
    expect(failed).to.deep.equal({ text: 'The tool failed. The host was told why.', isError: true })
    expect(reports).to.deep.equal(['Error: no row in table users of postgres://secret'])
    rig.impostor.gate('throws').open()
    await throwing
  })

  for (const how of ['the server says so', 'the outer call was aborted']) {
    it(`are told when the agent waits no longer: ${how}`, async () => {
      rig = await open(calling('weather', { city: 'Oslo' }, 'called'))
      const caller = mcpCaller(rig.client)
      let begin: () => void = () => undefined
      const begun = new Promise<void>((resolve) => (begin = resolve))
      const hostTools = weather([], {
        execute: async (_input, { signal }) => {
          begin()
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          return 'too late'
        },
      })
      const abort = new AbortController()
      const task = opencodeTask({ client: caller.client, scope, hostTools, intervalMs: 10 })
      const last = lastOf(execute(task, { prompt: 'Go' }, { abortSignal: abort.signal }))
      await rig.impostor.gate('called').reached()
      const call = caller.call('weather', { city: 'Oslo' }, { id: 7 })
      await begun
      if (how === 'the server says so') {
        await caller.request('notifications/cancelled', { requestId: 7 })
        expect((await call).text).to.equal('too late')
      }
      abort.abort()
      expect((await call).text).to.equal('too late')
      expect((await last).status).to.equal('cancelled')
    })
  }

  it('are not stopped by what another client of the same address says of its own request', async () => {
    rig = await open(calling('weather', { city: 'Oslo' }, 'called'))
    const caller = mcpCaller(rig.client)
    let answer: () => void = () => undefined
    const answered = new Promise<void>((resolve) => (answer = resolve))
    const calls: HostToolCall[] = []
    const execute = async (_input: unknown, call: HostToolCall): Promise<string> => {
      calls.push(call)
      await answered
      return call.signal.aborted ? 'stopped' : 'clear'
    }
    const running = start(caller, weather([], { execute }))
    await rig.impostor.gate('called').reached()
    // As for two directories of one chat: both count their requests from nought.
    const [one, other] = [await caller.request('initialize'), await caller.request('initialize')]
    expect(one.client).to.be.a('string').and.not.to.equal(other.client)
    const call = caller.call('weather', { city: 'Oslo' }, { id: 2, client: String(one.client) })
    await until(() => calls.length === 1)
    const notice = { client: String(other.client) }
    await caller.request('notifications/cancelled', { requestId: 2 }, notice)
    answer()
    expect((await call).text).to.equal('clear')
    rig.impostor.gate('called').open()
    await running
  })

  it('are told when the server has gone that called them', async () => {
    rig = await open(calling('weather', { city: 'Oslo' }, 'called'))
    const caller = mcpCaller(rig.client)
    let begin: () => void = () => undefined
    const begun = new Promise<void>((resolve) => (begin = resolve))
    let end: (reason: unknown) => void = () => undefined
    const ended = new Promise<unknown>((resolve) => (end = resolve))
    const execute = async (_input: unknown, { signal }: HostToolCall): Promise<void> => {
      begin()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      end(signal.reason)
    }
    const running = start(caller, weather([], { execute }))
    await rig.impostor.gate('called').reached()
    const call = lastingCall(caller.added[0]?.url ?? '', {
      tool: 'weather',
      input: { city: 'Oslo' },
    })
    await begun
    call.cut()
    expect(String(await ended)).to.contain('The server has gone.')
    rig.impostor.gate('called').open()
    expect((await running).status).to.equal('complete')
  })

  it('are reached by no browser page, no other method, and no guess', async () => {
    rig = await open(calling('weather', { city: 'Oslo' }, 'called'))
    const caller = mcpCaller(rig.client)
    const running = start(caller, weather([]))
    await rig.impostor.gate('called').reached()
    const { url = '' } = caller.added[0] ?? {}
    const status = async (at: string, init: RequestInit): Promise<number> =>
      (await fetch(at, init)).status
    const post = { method: 'POST', body: '{}' }
    expect(await status(url, { ...post, headers: { origin: 'http://evil.example' } })).to.equal(403)
    const named = url.replace('127.0.0.1', 'localhost')
    expect(await status(named, post).catch(() => 403)).to.equal(403)
    expect(await status(url, { method: 'GET' })).to.equal(405)
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    const { headers } = await fetch(url, { method: 'POST', body: JSON.stringify(ping) })
    // With a time limit it could be closed while the server sends a call, which it does not send again.
    expect(headers.get('connection')).to.equal('keep-alive')
    expect(headers.get('keep-alive')).to.equal(null)
    expect(await status(`${url}x`, post)).to.equal(404)
    expect(await status(new URL('/', url).href, post)).to.equal(404)
    expect(await status(url, { method: 'POST', body: 'x'.repeat(1_100_000) })).to.equal(413)
    for (const body of [
      '',
      'null',
      '[]',
      '{"jsonrpc":"2.0"}',
      '[{"jsonrpc":"2.0","method":"ping","id":1}]',
    ]) {
      const answer = await fetch(url, { method: 'POST', body })
      expect(await answer.json()).to.have.nested.property('error.code', -32_700)
    }
    expect((await caller.request('resources/list')).body.error?.code).to.equal(-32_601)
    rig.impostor.gate('called').open()
    await running
  })
})

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

async function untilAccepted(answer: () => Promise<{ readonly accepted: boolean }>): Promise<void> {
  while (!(await answer()).accepted) await new Promise((resolve) => setImmediate(resolve))
}
