import { inspect } from 'node:util'

import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { Agent } from 'undici'

import { createManualClock, type ManualClock } from '@turnstead/testkit'
import { createClient, type Client, type ClientOptions } from '../src/index.js'
import { failure } from './support/failure.js'
import {
  sendJson,
  sendPage,
  sendRefusal,
  startStub,
  type Handler,
  type StubServer,
} from './support/stub-server.js'
import { quiesce } from './support/undici-time.js'

describe('client requests', () => {
  let server: StubServer
  let client: Client
  let clock: ManualClock

  const serve = async (handler: Handler, options: ClientOptions = {}): Promise<Client> => {
    server = await startStub(handler)
    clock = createManualClock(1_800_000_000_000)
    client = createClient({ baseUrl: server.url, clock, random: () => 0.5, env: {}, ...options })
    return client
  }
  afterEach(async () => {
    await client.close()
    await server.close()
  })

  it('sends method, path, body and credentials as the server expects them', async () => {
    await serve((_, response) => sendJson(response, { id: 'ses_1' }), {
      username: 'me',
      password: 'p:w',
      directory: '/a b',
      workspace: 'wrk_1',
      headers: async () => ({ 'X-Trace': 't1' }),
    })
    expect(await client.session.create({ title: 'T' })).to.deep.equal({ id: 'ses_1' })
    const [request] = server.seen
    expect(request?.method).to.equal('POST')
    expect(request?.url).to.equal('/session?directory=%2Fa%20b&workspace=wrk_1')
    expect(request?.body).to.equal('{"title":"T"}')
    expect(request?.headers).to.include({
      authorization: `Basic ${Buffer.from('me:p:w').toString('base64')}`,
      'content-type': 'application/json',
      accept: 'application/json',
      'x-trace': 't1',
    })
  })

  it('keeps the path prefix and the query of the base URL', async () => {
    await serve((_, response) => sendJson(response, []))
    const prefixed = createClient({ baseUrl: `${server.url}/agents/7/?key=k`, env: {} })
    await prefixed.session.list({ limit: 2 })
    await prefixed.close()
    expect(server.seen[0]?.url).to.equal('/agents/7/session?limit=2&key=k')
  })

  it('escapes ids, and refuses those that would change the path', async () => {
    await serve((_, response) => sendJson(response, true))
    await client.session.abort('ses_a/../b?c#d')
    expect(server.seen[0]?.url).to.equal('/session/ses_a%2F..%2Fb%3Fc%23d/abort')
    for (const id of ['', '.', '..', 'ses_\ud800']) {
      const error = await client.session.abort(id).catch((reason: unknown) => reason)
      expect(error, JSON.stringify(id)).to.be.instanceOf(TypeError)
    }
    expect(server.seen).to.have.length(1)
  })

  it('refuses a budget that cannot be meant', async () => {
    await serve((_, response) => sendJson(response, []))
    for (const timeoutMs of [-1, Number.NaN]) {
      const error = await client.session.list({}, { timeoutMs }).catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(RangeError)
    }
  })

  it('answers undefined for 204', async () => {
    await serve((_, response) => response.writeHead(204).end())
    expect(await client.session.promptAsync('ses_1', { parts: [] })).to.equal(undefined)
  })

  for (const [status, body, code] of [
    [
      404,
      { name: 'NotFoundError', data: { message: 'Session not found: ses_1' } },
      'session_not_found',
    ],
    [404, { _tag: 'SessionNotFoundError', sessionID: 'ses_1', message: 'x' }, 'session_not_found'],
    [404, { name: 'NotFoundError', data: { message: 'Message not found: msg_1' } }, 'not_found'],
    [
      404,
      { _tag: 'PermissionNotFoundError', message: 'Permission request not found' },
      'not_found',
    ],
    [401, { _tag: 'UnauthorizedError', message: 'Authentication required' }, 'unauthorized'],
    [403, { _tag: 'ForbiddenError' }, 'forbidden'],
    [400, { _tag: 'BadRequest' }, 'bad_request'],
    [415, { name: 'BadRequest' }, 'bad_request'],
    [409, { _tag: 'SessionBusyError' }, 'conflict'],
    [429, {}, 'rate_limited'],
    [500, { name: 'UnknownError', data: { message: 'Unexpected server error.' } }, 'server_error'],
    [410, { _tag: 'Gone' }, 'unexpected_status'],
  ] as const) {
    it(`reports ${status} ${JSON.stringify(body)} as ${code}`, async () => {
      await serve((_, response) => sendJson(response, body, status))
      const error = await failure(client.session.get('ses_1'))
      expect(error).to.include({ code, status, delivered: 'yes', retryable: status === 429 })
      expect(error.bodyText).to.equal(JSON.stringify(body))
      expect(error.message).to.contain('GET /session/ses_1')
    })
  }

  it("lists the server's issues with their places", async () => {
    const message = 'Missing key\n  at ["parts"]\nExpected string, got 1\n  at ["parts"][0]["text"]'
    await serve((_, response) =>
      sendJson(response, { name: 'BadRequest', data: { message, kind: 'Payload' } }, 400),
    )
    const error = await failure(client.session.promptAsync('ses_1', { parts: [] }))
    expect(error.issues).to.deep.equal([
      { path: 'parts', message: 'Missing key' },
      { path: 'parts.0.text', message: 'Expected string, got 1' },
    ])
  })

  it('takes a web page with status 200 for an error, never for data', async () => {
    await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    )
    const error = await failure(client.session.list())
    expect(error).to.include({
      code: 'foreign_response',
      status: 200,
      delivered: 'unknown',
      retryable: true,
    })
  })

  it('gives a patch as its text', async () => {
    await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/x-diff' }).end('--- a\n+++ b\n'),
    )
    expect(await client.vcs.rawDiff()).to.equal('--- a\n+++ b\n')
  })

  it('takes broken JSON for an error and keeps the cause', async () => {
    await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"a'),
    )
    const error = await failure(client.session.list())
    expect(error.code).to.equal('malformed_response')
    expect(error.cause).to.be.instanceOf(SyntaxError)
  })

  it('bounds the answer it buffers', async () => {
    await serve((_, response) => sendJson(response, 'x'.repeat(2000)), {
      limits: { responseBytes: 1000 },
    })
    expect((await failure(client.session.list())).code).to.equal('response_too_large')
  })

  it('refuses headers that cannot be sent, for requests and for the stream', async () => {
    await serve((_, response) => sendJson(response, []), { headers: { 'x-bad': 'line\nbreak' } })
    for (const call of [client.session.list(), client.events.subscribe().ready]) {
      const error: unknown = await call.catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(TypeError).with.property('message').contain('`headers`')
    }
    expect(server.seen).to.have.length(0)
  })

  it('says closed when the dispatcher of the host is closed', async () => {
    const dispatcher = new Agent()
    await serve((_, response) => sendJson(response, []), { dispatcher })
    await dispatcher.close()
    for (const call of [client.session.list(), client.events.subscribe().ready]) {
      expect(await failure(call)).to.include({ code: 'closed', delivered: 'no' })
    }
  })

  it('shows no credential when it is printed, nor does any of its errors', async () => {
    await serve(({ url }, response) => {
      if (url.includes('ses_reset')) response.socket?.destroy()
      else if (url.includes('ses_page')) response.writeHead(200).end('<p>')
      else if (url.includes('ses_json'))
        response.writeHead(200, { 'content-type': 'application/json' }).end('{')
      else sendJson(response, {}, url.includes('ses_401') ? 401 : 500)
    })
    const credentials = { username: 'me', password: 'hunter2-hunter2' }
    const options = { ...credentials, baseUrl: `${server.url}/?key=hunter2-hunter2`, env: {} }
    const secret = new RegExp(
      `hunter2|${Buffer.from('me:hunter2').toString('base64').slice(0, -2)}`,
    )
    const ours = createClient({ ...options, headers: { 'x-token': 'hunter2' } })
    const odd = createClient({ ...options, headers: { 'x-token': 'hunter2\n' } })
    const gone = createClient({ ...options, baseUrl: 'http://me:hunter2@127.0.0.1:9/' })
    for (const one of [ours, odd, gone]) {
      for (const id of ['reset', 'page', 'json', '401', '500']) {
        const error: unknown = await one.session.get(`ses_${id}`).catch((reason: unknown) => reason)
        expect(error).to.be.instanceOf(Error)
        expect(inspect(error, { depth: 20, showHidden: true }), id).to.not.match(secret)
      }
      expect(inspect(one, { depth: 20, showHidden: true })).to.not.match(secret)
      await one.close()
    }
  })

  it('names no query, body or credential in its messages', async () => {
    await serve((_, response) => sendJson(response, { data: { message: 'secret words' } }, 500), {
      password: 'hunter2',
    })
    const error = await failure(
      client.request('GET', '/file/content', { query: { path: '/private/file' } }),
    )
    expect(error.message).to.not.match(/secret|hunter2|private/)
  })
})

describe('delivery verdicts', () => {
  let server: StubServer
  let clock: ManualClock
  beforeEach(() => {
    clock = createManualClock(1_800_000_000_000)
  })
  const body = { parts: [] }

  it('says no when there was no connection', async () => {
    server = await startStub(() => {})
    await server.close()
    const client = createClient({ baseUrl: server.url, clock, env: {} })
    const error = await failure(client.session.promptAsync('ses_1', body))
    expect(error).to.include({ code: 'connection', delivered: 'no', retryable: true })
    expect(error.cause).to.be.instanceOf(Error)
    await client.close()
  })

  it('says unknown when the connection breaks before an answer', async () => {
    server = await startStub((_, response) => response.socket?.resetAndDestroy())
    const client = createClient({ baseUrl: server.url, clock, env: {} })
    const error = await failure(client.session.promptAsync('ses_1', body))
    expect(error).to.include({ code: 'connection', delivered: 'unknown' })
    await client.close()
    await server.close()
    expect(server.seen).to.have.length(1)
  })

  it('says unknown when the budget runs out first, and names the budget', async () => {
    server = await startStub(() => {})
    const client = createClient({ baseUrl: server.url, clock, env: { OPENCODE_TIMEOUT: '2.5' } })
    const failed = failure(client.session.promptAsync('ses_1', body))
    await server.until(() => server.seen.length === 1)
    await clock.advance(2500)
    const error = await failed
    expect(error).to.include({ code: 'timeout', delivered: 'unknown' })
    expect(error.message).to.contain('timeouts.requestMs')
    await server.until(() => server.openSockets() === 0)
    await client.close()
    await server.close()
  })

  it('passes the reason of an abort through untouched and frees the socket', async () => {
    server = await startStub(() => {})
    const client = createClient({ baseUrl: server.url, clock, env: {} })
    const controller = new AbortController()
    const failed = client.session
      .list({}, { signal: controller.signal })
      .catch((error: unknown) => error)
    await server.until(() => server.seen.length === 1)
    controller.abort('because')
    expect(await failed).to.equal('because')
    expect(clock.pending).to.equal(0)
    await server.until(() => server.openSockets() === 0)
    await client.close()
    await server.close()
  })

  it('sends nothing for a signal that is aborted already', async () => {
    server = await startStub((_, response) => sendJson(response, []))
    const client = createClient({ baseUrl: server.url, clock, env: {} })
    const reason = new Error('early')
    const failed = client.session.list({}, { signal: AbortSignal.abort(reason) })
    expect(await failed.catch((error: unknown) => error)).to.equal(reason)
    expect(server.seen).to.have.length(0)
    await client.close()
    await server.close()
  })

  it('ends what is under way with closed, and refuses what comes later', async () => {
    server = await startStub(() => {})
    const client = createClient({ baseUrl: server.url, clock, env: {} })
    const failed = failure(client.session.promptAsync('ses_1', body))
    await server.until(() => server.seen.length === 1)
    await client.close()
    expect(await failed).to.include({ code: 'closed', delivered: 'unknown' })
    expect(await failure(client.session.list())).to.include({ code: 'closed', delivered: 'no' })
    await server.until(() => server.openSockets() === 0)
    await server.close()
  })

  it('gives back the connections that wait for another call', async () => {
    server = await startStub((_, response) => sendJson(response, []))
    const client = createClient({ baseUrl: server.url, clock, env: {} })
    await client.session.list()
    expect(server.openSockets()).to.equal(1)
    await client.close()
    // At once, and not when undici or the server lets go of it after some seconds.
    await quiesce()
    expect(server.openSockets()).to.equal(0)
    await server.close()
  })

  it('gives turns more time than other calls', async () => {
    server = await startStub(() => {})
    const client = createClient({ baseUrl: server.url, clock, env: {} })
    const failed = failure(client.session.prompt('ses_1', body))
    await server.until(() => server.seen.length === 1)
    await clock.advance(1_799_999)
    expect(clock.pending).to.equal(1)
    await clock.advance(1)
    expect((await failed).message).to.contain('timeouts.turnMs')
    await client.close()
    await server.close()
  })
})

describe('retries', () => {
  it('repeats a failed GET only when asked, and nothing else ever', async () => {
    let left = 2
    const server = await startStub((_, response) =>
      left-- > 0 ? sendRefusal(response, 503) : sendJson(response, []),
    )
    const clock = createManualClock(0)
    const options = { baseUrl: server.url, clock, random: () => 0.5, env: {} }
    const plain = createClient(options)
    expect((await failure(plain.session.list())).code).to.equal('server_error')
    expect(server.seen).to.have.length(1)
    const patient = createClient({ ...options, readRetries: 1 })
    const listed = patient.session.list()
    await server.until(() => clock.nextInMs === 125)
    await clock.advance(125)
    expect(await listed).to.deep.equal([])
    left = 1
    expect((await failure(patient.session.create())).code).to.equal('server_error')
    expect(server.seen.map((each) => each.method)).to.deep.equal(['GET', 'GET', 'GET', 'POST'])
    await Promise.all([plain.close(), patient.close(), server.close()])
  })
})

describe('fs.list', () => {
  it('names what is in a folder of the directory', async () => {
    const data = [
      { path: 'sub dir/a/', type: 'directory' },
      { path: 'sub dir/b.txt', type: 'file' },
    ]
    const location = { directory: '/w', project: { id: 'p', directory: '/w' } }
    const server = await startStub((_, response) => sendJson(response, { location, data }))
    const client = createClient({ baseUrl: server.url, directory: '/w', env: {} })
    expect(await client.fs.list('sub dir')).to.deep.equal(data)
    expect(server.seen[0]?.url).to.equal('/api/fs/list?location%5Bdirectory%5D=%2Fw&path=sub%20dir')
    await client.close()
    await server.close()
  })
})

describe('fs.read', () => {
  it('streams the exact bytes of a file', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 32])
    const server = await startStub((_, response) => {
      const headers = { 'content-type': 'text/html', 'content-length': bytes.length }
      response.writeHead(200, headers).end(bytes)
    })
    const client = createClient({ baseUrl: server.url, directory: '/w', env: {} })
    const file = await client.fs.read('sub dir/a?b#c%.html')
    expect(server.seen[0]?.url).to.equal(
      '/api/fs/read/sub%20dir/a%3Fb%23c%25.html?location%5Bdirectory%5D=%2Fw',
    )
    expect(file).to.include({ contentType: 'text/html', sizeBytes: 5 })
    expect(Buffer.concat(await file.body.toArray())).to.deep.equal(bytes)
    await client.close()
    await server.close()
  })

  it('takes the page of a proxy for no file, unless the file is a page itself', async () => {
    const server = await startStub((_, response) => sendPage(response, 200))
    const client = createClient({ baseUrl: server.url, env: {} })
    for (const path of ['report.pdf', 'noext', 'a.html.txt']) {
      expect(await failure(client.fs.read(path))).to.include({ code: 'foreign_response' })
    }
    for (const path of ['a.html', 'sub/A.HTM', 'a.xhtml']) {
      const { body } = await client.fs.read(path)
      expect(Buffer.concat(await body.toArray()).toString()).to.contain('<!doctype html>')
    }
    await client.close()
    await server.close()
  })

  it('frees the socket when the reader leaves', async () => {
    const server = await startStub((_, response) => {
      response.writeHead(200).write(Buffer.alloc(1e6))
    })
    const client = createClient({ baseUrl: server.url, env: {} })
    const file = await client.fs.read('big')
    for await (const chunk of file.body) {
      expect(chunk).to.have.property('length').above(0)
      break
    }
    await server.until(() => server.openSockets() === 0)
    await client.close()
    await server.close()
  })

  it('keeps a failure for a reader who comes later, and does not end the process with it', async () => {
    const server = await startStub((_, response) => void response.writeHead(200).write('begin'))
    const client = createClient({ baseUrl: server.url, env: {} })
    const file = await client.fs.read('slow')
    await client.close()
    await server.close()
    expect(await failure(file.body.toArray())).to.include({ code: 'closed', delivered: 'yes' })
  })

  it('reports a refusal before there is a body', async () => {
    const server = await startStub((_, response) =>
      sendJson(response, { name: 'UnknownError' }, 500),
    )
    const client = createClient({ baseUrl: server.url, env: {} })
    expect(await failure(client.fs.read('nope'))).to.include({ code: 'server_error', status: 500 })
    await client.close()
    await server.close()
  })
})
