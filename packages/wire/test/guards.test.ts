import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'

import { createClient, type Client } from '../src/index.js'
import { failure } from './support/failure.js'
import { sendJson, startStub, type StubServer } from './support/stub-server.js'

describe('guards', () => {
  let server: StubServer
  let client: Client
  before(async () => {
    server = await startStub((request, response) => {
      if (request.url.endsWith('/fork')) sendJson(response, { id: 'ses_fork' })
      else if (request.method === 'PATCH' && request.body.includes('bad'))
        sendJson(response, {}, 500)
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

  it('refuse `always`', async () => {
    const error = await rejection(client.permission.reply('per_1', { reply: 'always' }))
    expect(error).to.be.instanceOf(TypeError)
    expect(sent()).to.deep.equal([])
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
