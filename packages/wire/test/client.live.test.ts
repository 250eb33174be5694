import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, request as forward, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { startLeakCheck, startScriptedModel, type ScriptedModel } from '@turnstead/testkit'
import {
  findOpencodeBinary,
  startOpencode,
  type RunningOpencode,
} from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'

import {
  channels,
  createClient,
  createMessageId,
  createPartId,
  type Client,
  type IdentifiedPrompt,
  type ServerEvent,
} from '../src/index.js'
import { failure } from './support/failure.js'

const binary = findOpencodeBinary()
const suite = binary === null ? describe.skip : describe
if (binary === null) console.warn('wire: live tests skipped: no opencode executable was found')

suite('the real server', function () {
  this.timeout(60_000)
  let model: ScriptedModel
  let server: RunningOpencode
  let client: Client

  const connect = (): Client =>
    createClient({
      baseUrl: server.url,
      username: server.username,
      password: server.password,
      directory: server.directory,
      env: {},
    })
  before(async () => {
    model = await startScriptedModel()
    server = await startOpencode({ model })
    client = connect()
  })
  after(async () => {
    await client.close()
    await server.close()
    await model.close()
  })

  const prompt = (text: string): IdentifiedPrompt => ({
    messageID: createMessageId(),
    parts: [{ id: createPartId(), type: 'text', text }],
  })
  const isIdle = (event: ServerEvent): boolean => event.type === 'session.idle'

  /** One whole turn; resolves with the deltas that were seen. */
  async function runTurn(sessionId: string): Promise<string> {
    const events = client.events.subscribe({ session: sessionId })
    await events.ready
    const verdict = await client.prompt.send(sessionId, prompt('Hello'))
    expect(verdict.delivered).to.equal('yes')
    let text = ''
    for await (const event of events) {
      if (event.type === 'message.part.delta') text += event.properties.delta
      if (event.type !== 'gap' && isIdle(event)) break
    }
    return text
  }

  it('runs a turn whose stream equals what it stores', async () => {
    const session = await client.session.create({ title: 'one' })
    const seen = await runTurn(session.id)
    const messages = await client.session.messages(session.id)
    const text = messages.at(-1)?.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
    expect(text).to.deep.equal([seen])
    expect(await client.session.status()).to.deep.equal({})
  })

  it('takes the same prompt twice for one', async () => {
    const session = await client.session.create({ title: 'twice' })
    const one = { ...prompt('Once'), noReply: true }
    await client.prompt.send(session.id, one)
    await client.session.promptAsync(session.id, one)
    expect(await client.prompt.send(session.id, one, { mayBeSent: true })).to.include({
      evidence: 'found',
    })
    const messages = await client.session.messages(session.id)
    expect(messages.map((each) => each.parts.length)).to.deep.equal([1])
  })

  it('says unauthorized to a wrong password, for requests and for the stream, without another try', async () => {
    const stranger = createClient({ baseUrl: server.url, password: 'wrong', env: {} })
    expect((await failure(stranger.session.list())).code).to.equal('unauthorized')
    expect((await failure(stranger.events.subscribe().ready)).code).to.equal('unauthorized')
    await stranger.close()
  })

  it('tells a missing session from other missing things, and a web page from data', async () => {
    const session = await client.session.create({ title: 'errors' })
    expect((await failure(client.session.get('ses_000000000000aaaaaaaaaaaaaa'))).code).to.equal(
      'session_not_found',
    )
    const message = client.session.message(session.id, 'msg_000000000000aaaaaaaaaaaaaa')
    expect((await failure(message)).code).to.equal('not_found')
    const late = client.permission.reply('per_000000000000aaaaaaaaaaaaaa', { reply: 'once' })
    expect((await failure(late)).code).to.equal('not_found')
    const unknown = client.request('GET', '/no/such/route' as '/path')
    expect((await failure(unknown)).code).to.equal('foreign_response')
  })

  it('finds every GET operation that needs no id in its path', async () => {
    const paths = [
      '/session',
      '/agent',
      '/command',
      '/config',
      '/provider',
      '/project',
      '/mcp',
      '/pty',
      '/vcs',
      '/path',
      '/skill',
      '/lsp',
      '/formatter',
      '/api/session',
      '/api/agent',
      '/global/config',
    ] as const
    for (const path of paths) {
      expect(typeof (await client.request('GET', path as '/session')), path).to.equal('object')
    }
  })

  it('marks a gap and goes on after the directory was unloaded', async () => {
    const events = client.events.subscribe()
    await events.ready
    await client.session.create({ title: 'before' })
    for await (const event of events) if (event.type === 'session.created') break
    const again = client.events.subscribe()
    await again.ready
    await client.session.create({ title: 'before' })
    const reasons: string[] = []
    let disposed = false
    for await (const event of again) {
      if (event.type === 'session.created' && !disposed) {
        disposed = true
        await client.instance.dispose()
      }
      if (event.type === 'gap') {
        reasons.push(event.reason)
        break
      }
    }
    expect(reasons).to.deep.equal(['disposed'])
  })

  it('comes back with a gap after the server was killed', async () => {
    const session = await client.session.create({ title: 'crash' })
    const events = client.events.subscribe({ session: session.id })
    await events.ready
    await server.kill('SIGKILL')
    const sent = await client.session
      .promptAsync(session.id, prompt('x'))
      .catch((error: unknown) => error)
    expect(sent).to.include({ code: 'connection', delivered: 'no' })
    await server.restart()
    for await (const event of events) if (event.type === 'gap') break
    expect(await runTurn(session.id)).to.not.equal('')
  })

  it('works under a path prefix behind a reverse proxy', async () => {
    const proxy = await startProxy(server.url, '/agents/7')
    const prefixed = createClient({
      baseUrl: `${proxy.url}/agents/7/`,
      password: server.password,
      directory: server.directory,
      env: {},
    })
    const events = prefixed.events.subscribe()
    await events.ready
    await prefixed.session.create({ title: 'proxied' })
    for await (const event of events) if (event.type === 'session.created') break
    await prefixed.close()
    await proxy.close()
  })

  it('leaves no socket when it is closed', async () => {
    // Timers of the other actors in this process come and go; wire's own are counted on manual clocks elsewhere.
    const leaks = startLeakCheck({ ignore: ['Timeout'] })
    const brief = connect()
    const events = brief.events.subscribe()
    await events.ready
    await Promise.all(Array.from({ length: 20 }, () => brief.session.list()))
    await brief.close()
    await leaks.assertClean({ timeoutMs: 5000 })
  })

  it('follows 50 sessions that stream at once over one connection, and leaves nothing of it', async () => {
    const sockets: Socket[] = []
    const onConnected = (message: unknown): void =>
      void sockets.push((message as { socket: Socket }).socket)
    subscribe('undici:client:connected', onConnected)
    let streams = 0
    const onStream = (): void => void (streams += 1)
    channels.stream.start.subscribe(onStream)
    const crowd = connect()
    const sessions = await Promise.all(
      Array.from({ length: 50 }, (_, index) => crowd.session.create({ title: `s${index}` })),
    )
    const seen = await Promise.all(
      sessions.map(async ({ id }) => {
        const events = crowd.events.subscribe({ session: id })
        await events.ready
        await crowd.prompt.send(id, prompt('All at once'))
        let text = ''
        for await (const event of events) {
          if (event.type === 'message.part.delta') text += event.properties.delta
          if (event.type === 'gap') return `gap: ${event.reason}`
          if (isIdle(event)) break
        }
        return text
      }),
    )
    channels.stream.start.unsubscribe(onStream)
    expect(streams).to.equal(1)
    for (const [index, { id }] of sessions.entries()) {
      const last = (await crowd.session.messages(id)).at(-1)
      const stored = last?.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
      expect(stored).to.deep.equal([seen[index]])
    }
    await crowd.close()
    unsubscribe('undici:client:connected', onConnected)
    expect(sockets).to.have.length.above(1)
    expect(sockets.filter((each) => !each.destroyed)).to.deep.equal([])
  })

  it('keeps the rules of a session in its fork, which the server would drop', async () => {
    const permission = [{ permission: 'bash', pattern: '*', action: 'ask' } as const]
    const session = await client.session.create({ title: 'origin', permission })
    expect((await client.session.fork(session.id)).permission).to.deep.equal(permission)
    const bare = await client.request('POST', '/session/{sessionID}/fork', {
      params: { sessionID: session.id },
      body: {},
    })
    expect(bare.permission ?? []).to.deep.equal([])
  })
})

/** A reverse proxy that serves the server below a prefix and strips it. */
async function startProxy(
  target: string,
  prefix: string,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const proxy: Server = createServer((incoming, outgoing) => {
    const url = new URL((incoming.url ?? '').slice(prefix.length), target)
    const upstream = forward(
      url,
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    upstream.on('error', () => outgoing.destroy())
    outgoing.on('close', () => upstream.destroy())
    incoming.pipe(upstream)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () => {
      proxy.closeAllConnections()
      return new Promise((resolve) => proxy.close(() => resolve()))
    },
  }
}
