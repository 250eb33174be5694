import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'

import { createClient, createMessageId, createPartId, type Client } from '../src/index.js'
import { sendJson, startStub, storedMessage, type StubServer } from './support/stub-server.js'

describe('files in prompts', () => {
  let server: StubServer
  let client: Client
  before(async () => {
    server = await startStub(({ url }, response) =>
      url.endsWith('prompt_async')
        ? response.writeHead(204).end()
        : sendJson(response, storedMessage),
    )
    client = createClient({ baseUrl: server.url, env: {}, allowFiles: ['/srv/uploads'] })
  })
  after(async () => {
    await client.close()
    await server.close()
  })
  const part = (url: string): { type: 'file'; mime: string; url: string } => ({
    type: 'file',
    mime: 'text/plain',
    url,
  })
  const refused = async (call: Promise<unknown>): Promise<boolean> =>
    await call.then(
      () => false,
      (error: unknown) => error instanceof TypeError && error.message.includes('allowFiles'),
    )

  for (const url of [
    'file:///etc/passwd',
    'FILE:///etc/passwd',
    ' file:///etc/passwd',
    'f\tile:///etc/passwd',
    'file:/etc/passwd',
    'file://localhost/etc/passwd',
    'file:///etc/passwd?start=1&end=2',
    'file:///srv/uploads/../secret',
    'file:///srv/uploads/%2e%2e/secret',
    'file:///srv/uploads%2f..%2fsecret',
    'file:///srv/uploads-of-others/a',
    'file://host/srv/uploads/a',
    'file:///srv',
    'file:',
  ]) {
    it(`are refused outside of the allowed folders: ${JSON.stringify(url)}`, async () => {
      const params = { sessionID: 'ses_1' }
      const body = { parts: [part(url)] }
      const messageID = createMessageId()
      const count = server.seen.length
      for (const call of [
        client.session.promptAsync('ses_1', body),
        client.session.prompt('ses_1', body),
        client.prompt.send('ses_1', { messageID, parts: [{ ...part(url), id: createPartId() }] }),
        client.session.command('ses_1', { command: 'x', arguments: '', parts: body.parts }),
        client.request('POST', '/session/{sessionID}/prompt_async', { params, body }),
        client.request('POST', '/api/session/{sessionID}/prompt', {
          params,
          body: { prompt: { text: 'x', files: [{ uri: url }] } },
        }),
      ]) {
        expect(await refused(call)).to.equal(true)
      }
      expect(server.seen).to.have.length(count)
    })
  }

  for (const url of [
    'file:///srv/uploads/a.txt',
    'file:///srv/uploads/deep/b%20c.txt',
    'file:///srv/uploads/x/../a.txt',
    'file:///srv/uploads',
    'data:text/plain,hello',
    'https://example.com/a.png',
  ]) {
    it(`are sent: ${url}`, async () => {
      await client.session.promptAsync('ses_1', { parts: [part(url)] })
    })
  }

  it('are refused where no folder is allowed, and checked without a request', async () => {
    const strict = createClient({ baseUrl: server.url, env: {} })
    const prompt = {
      messageID: createMessageId(),
      parts: [{ ...part('file:///srv/uploads/a.txt'), id: createPartId() }],
    }
    expect(() => strict.prompt.check(prompt)).to.throw(TypeError, 'allowFiles')
    expect(() => client.prompt.check(prompt)).to.not.throw()
    await strict.close()
  })

  it('name neither path nor text in the refusal', async () => {
    const error: unknown = await client.session
      .promptAsync('ses_1', { parts: [part('file:///etc/passwd')] })
      .catch((reason: unknown) => reason)
    expect(String(error)).to.not.contain('passwd')
  })

  for (const root of ['', 'uploads', './uploads', 1]) {
    it(`take no root like ${JSON.stringify(root)}`, () => {
      expect(() => createClient({ env: {}, allowFiles: [root as string] })).to.throw(
        TypeError,
        'allowFiles',
      )
    })
  }

  for (const text of ['now !`rm -rf /`', '@/etc/passwd', 'see @../secret.txt', '(@x)']) {
    it(`are not read, and no shell is run, for the arguments of a command: ${text}`, async () => {
      const error: unknown = await client.session
        .command('ses_1', { command: 'say', arguments: text })
        .catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(TypeError).with.property('message').contain('arguments')
    })
  }

  it('leave plain arguments alone, and give way to an allowance', async () => {
    await client.session.command('ses_1', { command: 'say', arguments: 'to me@host.org! `x`' })
    const bold = createClient({ baseUrl: server.url, env: {}, allow: ['command_expansion'] })
    await bold.session.command('ses_1', { command: 'say', arguments: '@notes.md' })
    await bold.close()
  })

  for (const [name, wrong] of Object.entries({
    'a cycle': (() => {
      const format: Record<string, unknown> = { type: 'text' }
      format['self'] = format
      return { format }
    })(),
    'a bigint': { metadata: { big: 1n } },
    tools: { tools: { bash: false } },
  })) {
    it(`are checked together with ${name}`, () => {
      const prompt = { messageID: createMessageId(), parts: [], ...wrong }
      expect(() => client.prompt.check(prompt as never)).to.throw(TypeError)
    })
  }
})
