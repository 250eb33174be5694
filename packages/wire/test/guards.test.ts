import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'

import { createClient, createMessageId, type Client, type SessionInput } from '../src/index.js'
import { createSentIds } from '../src/http/sent-ids.js'
import { failure } from './support/failure.js'
import {
  sendJson,
  sendRefusal,
  startStub,
  storedMessage,
  type StubServer,
} from './support/stub-server.js'

describe('guards', () => {
  let server: StubServer
  let client: Client
  before(async () => {
    server = await startStub((request, response) => {
      const { method, url, body } = request
      if (url.endsWith('/fork')) sendJson(response, { id: 'ses_fork' })
      else if (method === 'PATCH' && body.includes('bad')) sendRefusal(response, 500)
      else if (url.includes('ses_gone')) sendRefusal(response, 404, 'Session not found: ses_gone')
      else if (/ses_moody\/(command|message)/.test(url))
        sendRefusal(response, url.endsWith('command') ? 400 : 500)
      else if (url.includes('ses_broken')) response.socket?.destroy()
      else if (url.includes('/prompt_async')) response.writeHead(204).end()
      else if (/\/(message|command|shell)$/.test(url)) sendJson(response, storedMessage)
      else if (method === 'DELETE' || url.endsWith('/reply')) sendJson(response, true)
      else sendJson(response, { id: 'ses_1', permission: [rule] })
    })
    client = createClient({ baseUrl: server.url, env: {} })
  })
  after(async () => {
    await client.close()
    await server.close()
  })
  const rule = { permission: 'edit', pattern: '*', action: 'ask' } as const
  const rejection = async (promise: Promise<unknown>): Promise<unknown> =>
    await promise.then(
      () => null,
      (error: unknown) => error,
    )
  const sent = (): string[] => server.seen.splice(0).map((each) => `${each.method} ${each.url}`)

  it('refuse `tools` in a prompt, also through the generic request', async () => {
    const body = { parts: [], tools: { bash: false } }
    for (const call of [
      client.session.promptAsync('ses_1', body),
      client.session.prompt('ses_1', body),
      client.request('POST', '/session/{sessionID}/message', {
        params: { sessionID: 'ses_1' },
        body,
      }),
    ]) {
      expect(await rejection(call))
        .to.be.instanceOf(TypeError)
        .with.property('message')
        .contain('prompt_tools')
    }
    expect(sent()).to.deep.equal([])
  })

  it('refuse `always` wherever a permission is answered', async () => {
    const sessionID = 'ses_1'
    for (const call of [
      client.permission.reply('per_1', { reply: 'always' }),
      client.request('POST', '/session/{sessionID}/permissions/{permissionID}', {
        params: { sessionID, permissionID: 'per_1' },
        body: { response: 'always' },
      }),
      client.request('POST', '/api/session/{sessionID}/permission/{requestID}/reply', {
        params: { sessionID, requestID: 'per_1' },
        body: { reply: 'always' },
      }),
    ]) {
      expect(await rejection(call)).to.be.instanceOf(TypeError)
    }
    expect(sent()).to.deep.equal([])
  })

  it('take no `agent` for a session, which its prompts would ignore', () => {
    // Does not compile when one can be given.
    const takesAgent: 'agent' extends keyof SessionInput ? true : false = false
    expect(takesAgent).to.equal(false)
  })

  it('let through what the client was made to allow', async () => {
    const bold = createClient({ baseUrl: server.url, env: {}, allow: ['always', 'prompt_tools'] })
    await bold.permission.reply('per_1', { reply: 'always' })
    await bold.session.prompt('ses_1', { parts: [], tools: { bash: false } })
    await bold.close()
    expect(sent()).to.have.length(2)
  })

  it('answer for malformed ids as the server should: bad_request, not delivered', async () => {
    for (const [name, call] of [
      ['sessionID', client.session.get('nope')],
      ['messageID', client.session.message('ses_1', 'nope')],
      ['requestID', client.permission.reply('que_1', { reply: 'once' })],
      ['requestID', client.question.reject('per_1')],
    ] as const) {
      const error = await failure(call)
      expect(error).to.include({ code: 'bad_request', delivered: 'no' })
      expect(error.issues[0]?.path).to.equal(name)
    }
    expect(sent()).to.deep.equal([])
  })

  const calls: Record<string, (id: string, messageID: string) => Promise<unknown>> = {
    promptAsync: (id, messageID) => client.session.promptAsync(id, { messageID, parts: [] }),
    prompt: (id, messageID) => client.session.prompt(id, { messageID, parts: [] }),
    command: (id, messageID) =>
      client.session.command(id, { messageID, command: 'x', arguments: '' }),
    shell: (id, messageID) => client.session.shell(id, { messageID, agent: 'build', command: 'x' }),
    'request()': (id, messageID) =>
      client.request('POST', '/session/{sessionID}/init', {
        params: { sessionID: id },
        body: { messageID, providerID: 'p', modelID: 'm' },
      }),
    'another scope': (id, messageID) =>
      client.withScope({ directory: '/b' }).session.promptAsync(id, { messageID, parts: [] }),
  }
  for (const [name, call] of Object.entries(calls)) {
    it(`refuse the message id of another session: ${name}`, async () => {
      const messageID = createMessageId()
      await client.session.promptAsync('ses_1', { messageID, parts: [] })
      const error = await rejection(call('ses_2', messageID))
      expect(error).to.be.instanceOf(TypeError).with.property('message').contain('ses_1')
      expect(sent()).to.have.length(1)
      await call('ses_1', messageID)
      expect(sent(), 'the same session may have it again').to.have.length(1)
    })
  }

  it('let another session have a message id that the first one certainly has not', async () => {
    const messageID = createMessageId()
    const error = await failure(client.session.prompt('ses_gone', { messageID, parts: [] }))
    expect(error.code).to.equal('session_not_found')
    await client.session.prompt('ses_2', { messageID, parts: [] })

    const unsure = createMessageId()
    await failure(client.session.prompt('ses_broken', { messageID: unsure, parts: [] }))
    const again = client.session.prompt('ses_2', { messageID: unsure, parts: [] })
    expect(await rejection(again)).to.be.instanceOf(TypeError)
    expect(sent()).to.have.length(3)
  })

  it('remember a message id though sending it again is refused, or answered 500', async () => {
    const twice = createMessageId()
    await client.session.promptAsync('ses_moody', { messageID: twice, parts: [] })
    await failure(
      client.session.command('ses_moody', { messageID: twice, command: '', arguments: '' }),
    )
    const unsure = createMessageId()
    await failure(client.session.prompt('ses_moody', { messageID: unsure, parts: [] }))
    for (const messageID of [twice, unsure]) {
      const again = client.session.prompt('ses_2', { messageID, parts: [] })
      expect(await rejection(again)).to.be.instanceOf(TypeError)
    }
    expect(sent()).to.have.length(3)
  })

  it('remember the last ten thousand message ids', () => {
    const ids = createSentIds()
    for (let index = 0; index <= 10_000; index += 1) ids.note(`msg_${index}`, 'ses_1')
    expect(ids.note('msg_0', 'ses_2')).to.equal(true)
    expect(() => ids.note('msg_2', 'ses_2')).to.throw(TypeError)
  })

  it('do not take the place of a fork or a revert for a new message', async () => {
    const messageID = createMessageId()
    await client.session.prompt('ses_1', { messageID, parts: [] })
    await client.session.fork('ses_2', { messageID, permission: [rule] })
    await client.session.revert('ses_2', { messageID })
    sent()
  })

  it('refuse file paths that leave the directory', async () => {
    expect(await rejection(client.fs.read('../x'))).to.be.instanceOf(TypeError)
    expect(await rejection(client.fs.read(''))).to.be.instanceOf(TypeError)
  })

  it('keep the rules of a session in its fork', async () => {
    await client.session.fork('ses_1')
    const patch = server.seen.at(-1)
    expect(sent()).to.deep.equal([
      'GET /session/ses_1',
      'POST /session/ses_1/fork',
      'PATCH /session/ses_fork',
    ])
    expect(JSON.parse(patch?.body ?? '')).to.deep.equal({ permission: [rule] })
  })

  it('delete a fork that cannot be given its rules', async () => {
    const bad = { ...rule, pattern: 'bad' }
    const error = await failure(client.session.fork('ses_1', { permission: [bad] }))
    expect(error.code).to.equal('server_error')
    expect(sent().at(-1)).to.equal('DELETE /session/ses_fork')
  })
})
