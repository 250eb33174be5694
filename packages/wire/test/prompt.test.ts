import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import type { ServerResponse } from 'node:http'

import {
  createClient,
  createMessageId,
  createPartId,
  type Client,
  type IdentifiedPrompt,
} from '../src/index.js'
import {
  sendJson,
  sendPage,
  sendRefusal,
  startStub,
  storedMessage,
  type Handler,
  type StubServer,
} from './support/stub-server.js'

describe('prompt.send', () => {
  let server: StubServer
  let client: Client
  const serve = async (handler: Handler): Promise<void> => {
    server = await startStub(handler)
    // Budgets never run out here, and waits between tries are over at once.
    const sleep = (ms: number): Promise<void> =>
      ms < 10_000 ? Promise.resolve() : new Promise(() => {})
    client = createClient({ baseUrl: server.url, clock: { now: () => 0, sleep }, env: {} })
  }
  afterEach(async () => {
    await client.close()
    await server.close()
  })
  const prompt = (): IdentifiedPrompt => ({
    messageID: createMessageId(),
    parts: [{ id: createPartId(), type: 'text', text: 'Hello' }],
  })
  const posts = (): number => server.seen.filter((each) => each.method === 'POST').length
  const missing = { name: 'NotFoundError', data: { message: 'Message not found: msg_1' } }

  it('says accepted when the server accepts', async () => {
    await serve((_, response) => response.writeHead(204).end())
    const verdict = await client.prompt.send('ses_1', prompt())
    expect(verdict).to.deep.equal({ delivered: 'yes', evidence: 'accepted', sends: 1, error: null })
  })

  it('finds the prompt after a broken connection and does not send it again', async () => {
    await serve((request, response) =>
      request.method === 'POST' ? response.socket?.destroy() : sendJson(response, storedMessage),
    )
    const verdict = await client.prompt.send('ses_1', prompt())
    expect(verdict).to.include({ delivered: 'yes', evidence: 'found', sends: 1 })
    expect(verdict.error?.code).to.equal('connection')
  })

  it('sends the same ids again when the prompt is not there', async () => {
    await serve((request, response) => {
      if (request.method === 'GET') sendJson(response, missing, 404)
      else if (posts() === 1) response.socket?.destroy()
      else response.writeHead(204).end()
    })
    const verdict = await client.prompt.send('ses_1', prompt())
    expect(verdict).to.include({ delivered: 'yes', evidence: 'accepted', sends: 2 })
    const bodies = server.seen.filter((each) => each.method === 'POST').map((each) => each.body)
    expect(bodies[0]).to.equal(bodies[1])
  })

  it('looks first when the prompt may have been sent by another process', async () => {
    await serve((_, response) => sendJson(response, storedMessage))
    const verdict = await client.prompt.send('ses_1', prompt(), { mayBeSent: true })
    expect(verdict).to.deep.equal({ delivered: 'yes', evidence: 'found', sends: 0, error: null })
  })

  it('says refused for a refusal, at once', async () => {
    await serve((_, response) =>
      sendJson(response, { name: 'BadRequest', data: { message: 'x' } }, 400),
    )
    const verdict = await client.prompt.send('ses_1', prompt())
    expect(verdict).to.include({ delivered: 'no', evidence: 'refused', sends: 1 })
    expect(verdict.error?.code).to.equal('bad_request')
  })

  for (const [name, answer] of [
    ['a 500 of the server', (response) => sendRefusal(response, 500)],
    ['a 503', (response) => response.writeHead(503).end()],
    ['a 429', (response) => sendJson(response, {}, 429)],
    ['a 404 page of a proxy', (response) => sendPage(response, 404)],
    ['a 403 page of a firewall', (response) => sendPage(response, 403)],
    ['a 400 page', (response) => sendPage(response, 400)],
    ['a 401 without a challenge', (response) => response.writeHead(401).end()],
    ['a redirect', (response) => response.writeHead(302, { location: '/login' }).end()],
    ['a page with 200', (response) => sendPage(response, 200)],
    ['JSON where there should be none', (response) => sendJson(response, true)],
    ['a lost answer', (response) => response.socket?.destroy()],
  ] as const satisfies readonly (readonly [string, (response: ServerResponse) => unknown])[]) {
    it(`looks after ${name}, and sends again what is not there`, async () => {
      await serve((request, response) => {
        if (request.method === 'GET') sendJson(response, missing, 404)
        else if (posts() === 1) answer(response)
        else response.writeHead(204).end()
      })
      const verdict = await client.prompt.send('ses_1', prompt())
      expect(verdict).to.include({ delivered: 'yes', evidence: 'accepted', sends: 2 })
    })
  }

  it('does not send again what a proxy answered for and the server has', async () => {
    await serve((request, response) =>
      request.method === 'POST' ? sendPage(response, 404) : sendJson(response, storedMessage),
    )
    const verdict = await client.prompt.send('ses_1', prompt())
    expect(verdict).to.include({ delivered: 'yes', evidence: 'found', sends: 1 })
    expect(verdict.error).to.include({ code: 'foreign_response', delivered: 'unknown' })
  })

  it('says unknown after 500 and nothing else', async () => {
    await serve((request, response) =>
      request.method === 'POST' ? sendRefusal(response, 500) : sendJson(response, missing, 404),
    )
    const verdict = await client.prompt.send('ses_1', prompt())
    expect(verdict).to.include({ delivered: 'unknown', evidence: 'unanswered', sends: 3 })
  })

  it('finds a message that the server cannot show', async () => {
    const data = { message: 'Expected OutputFormatText, got {}', kind: 'Body' }
    await serve((_, response) => sendJson(response, { name: 'BadRequest', data }, 400))
    const verdict = await client.prompt.send('ses_1', prompt(), { mayBeSent: true })
    expect(verdict).to.include({ delivered: 'yes', evidence: 'found', sends: 0 })
  })

  it('says unknown when neither an answer nor a look comes through', async () => {
    await serve((_, response) => response.socket?.destroy())
    const verdict = await client.prompt.send('ses_1', prompt())
    expect(verdict).to.include({ delivered: 'unknown', evidence: 'unanswered', sends: 1 })
  })

  it('says unreachable when there never was a connection', async () => {
    await serve(() => {})
    await server.close()
    const verdict = await client.prompt.send('ses_1', prompt())
    expect(verdict).to.include({ delivered: 'no', evidence: 'unreachable', sends: 3 })
  })

  it('says unknown when an earlier send may have arrived, whatever the later ones met', async () => {
    await serve((request, response) =>
      request.method === 'POST' ? response.socket?.destroy() : sendJson(response, missing, 404),
    )
    const one = prompt()
    const sending = client.prompt.send('ses_1', one)
    await server.until(() => server.seen.some((each) => each.method === 'GET'))
    await server.close()
    expect(await sending).to.include({ delivered: 'unknown', evidence: 'unanswered' })
  })

  it('says unknown when a prompt that was accepted before is sent to a server that is gone', async () => {
    await serve((_, response) => response.writeHead(204).end())
    const one = prompt()
    expect(await client.prompt.send('ses_1', one)).to.include({ delivered: 'yes' })
    await server.close()
    expect(await client.prompt.send('ses_1', one)).to.include({ delivered: 'unknown' })
  })

  it('says refused, not unreachable, when the server answered that it has too much to do', async () => {
    await serve((_, response) => sendJson(response, {}, 429))
    const verdict = await client.prompt.send('ses_1', prompt())
    expect(verdict).to.include({ delivered: 'no', evidence: 'refused', sends: 3 })
  })

  it('says refused at once for a malformed session id', async () => {
    await serve(() => {})
    const verdict = await client.prompt.send('nope', prompt())
    expect(verdict).to.include({ delivered: 'no', evidence: 'refused', sends: 1 })
    expect(posts()).to.equal(0)
  })

  it('looks after a success that cannot be read', async () => {
    await serve((request, response) => {
      if (request.method === 'GET') sendJson(response, storedMessage)
      else response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
    })
    const verdict = await client.prompt.send('ses_1', prompt())
    expect(verdict).to.include({ delivered: 'yes', evidence: 'found', sends: 1 })
  })

  it('lets a new session have what the lost one certainly has not', async () => {
    const gone = { name: 'NotFoundError', data: { message: 'Session not found: ses_1' } }
    await serve(({ url }, response) =>
      url.includes('ses_1') ? sendJson(response, gone, 404) : response.writeHead(204).end(),
    )
    const one = prompt()
    expect(await client.prompt.send('ses_1', one)).to.include({ delivered: 'no' })
    expect(await client.prompt.send('ses_2', one)).to.include({ delivered: 'yes' })
  })

  it('refuses a number of attempts that cannot be meant', async () => {
    await serve(() => {})
    for (const attempts of [0, 1.5, Number.NaN]) {
      const error = await client.prompt
        .send('ses_1', prompt(), { attempts })
        .catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(RangeError)
    }
  })

  it('refuses the same message id in another session', async () => {
    await serve((_, response) => response.writeHead(204).end())
    const one = prompt()
    await client.prompt.send('ses_1', one)
    const error = await client
      .withScope({ directory: '/other' })
      .prompt.send('ses_2', one)
      .catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(TypeError)
    expect(posts()).to.equal(1)
  })

  it('refuses a prompt without ids of its own', async () => {
    await serve(() => {})
    const bare = { messageID: createMessageId(), parts: [{ type: 'text', text: 'x' }] } as never
    const error = await client.prompt.send('ses_1', bare).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(TypeError).with.property('message').contain('createPartId')
  })
})
