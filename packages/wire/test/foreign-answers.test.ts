import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'

import { createClient, type Client, type WireErrorCode } from '../src/index.js'
import { failure } from './support/failure.js'
import { sendJson, startStub, type StubServer } from './support/stub-server.js'

const page = '<html><body>Tunnel not found</body></html>'
const refusal = JSON.stringify({ name: 'Refusal', data: { message: 'no' } })
const basic = { 'www-authenticate': 'Basic realm="Secure Area"' }
const json = { 'content-type': 'application/json' }
const html = { 'content-type': 'text/html' }

describe('answers of something between client and server', () => {
  let server: StubServer
  let client: Client
  const serve = async (
    status: number,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<void> => {
    server = await startStub((_, response) => response.writeHead(status, headers).end(body))
    client = createClient({ baseUrl: server.url, env: {} })
  }
  afterEach(async () => {
    await client.close()
    await server.close()
  })

  for (const status of [300, 302, 307, 400, 401, 403, 404, 405, 409, 410, 418, 422, 500]) {
    it(`are foreign_response: a page with ${status}`, async () => {
      await serve(status, html, page)
      expect(await failure(client.session.status())).to.include({
        code: 'foreign_response',
        status,
        delivered: 'unknown',
        retryable: true,
      })
    })
  }

  for (const [name, status, headers, body] of [
    ['an empty 404', 404, {}, ''],
    ['an empty 400', 400, {}, ''],
    ['a 404 in plain text', 404, { 'content-type': 'text/plain' }, 'default backend - 404'],
    ['a 403 of an API gateway', 403, json, '{"message":"Forbidden"}'],
    ['a 404 of an API gateway', 404, json, '{"message":"no Route matched with those values"}'],
    ['a 400 with an error of its own', 400, json, '{"error":"bad gateway input"}'],
    ['a 404 that is a list', 404, json, '[]'],
    ['a 404 that is null', 404, json, 'null'],
    ['a 401 without a challenge', 401, {}, ''],
    ['a 401 with another challenge', 401, { 'www-authenticate': 'Bearer' }, ''],
    ['a redirect to a login', 302, { location: '/login' }, ''],
    ['a 503 with nothing', 503, {}, ''],
    ['a page with 200', 200, html, page],
    ['a page in capitals', 200, { 'content-type': 'TEXT/HTML; charset=utf-8' }, page],
  ] as const) {
    it(`are foreign_response: ${name}`, async () => {
      await serve(status, headers, body)
      expect(await failure(client.session.get('ses_1'))).to.include({
        code: 'foreign_response',
        delivered: 'unknown',
      })
    })
  }

  for (const [status, code, headers, body] of [
    [400, 'bad_request', json, refusal],
    [413, 'bad_request', html, page],
    [429, 'rate_limited', html, page],
    [400, 'bad_request', json, '{"_tag":"BadRequest"}'],
    [401, 'unauthorized', basic, ''],
    [401, 'unauthorized', { 'www-authenticate': 'basic realm="x"' }, ''],
    [401, 'unauthorized', json, '{"_tag":"UnauthorizedError","message":"x"}'],
    [403, 'forbidden', json, refusal],
    [404, 'not_found', json, refusal],
    [
      404,
      'session_not_found',
      json,
      '{"name":"NotFoundError","data":{"message":"Session not found: ses_1"}}',
    ],
    [409, 'conflict', json, '{"_tag":"SessionBusyError","message":"x"}'],
    [415, 'bad_request', { 'content-type': 'text/plain' }, 'Unsupported content-type: text/plain'],
    [500, 'server_error', json, refusal],
    [503, 'server_error', json, '{"_tag":"ServiceUnavailableError","message":"x"}'],
  ] as const satisfies readonly (readonly [
    number,
    WireErrorCode,
    Record<string, string>,
    string,
  ])[]) {
    it(`are not taken for the server's own ${code} (${body || 'its challenge'})`, async () => {
      await serve(status, headers, body)
      const error = await failure(client.session.get('ses_1'))
      expect(error).to.include({ code, status, delivered: 'yes' })
      expect(error.message).to.match(new RegExp(`^\\[${code}\\] GET /session/ses_1 answered`))
    })
  }

  it('are distinguished from an entry that the server cannot write down', async () => {
    const data = { message: 'Expected OutputFormatText\n  at [0]["info"]["format"]', kind: 'Body' }
    server = await startStub((_, response) => sendJson(response, { name: 'BadRequest', data }, 400))
    client = createClient({ baseUrl: server.url, env: {} })
    const error = await failure(client.session.messages('ses_1'))
    expect(error).to.include({ code: 'unreadable_entry', retryable: false })
    expect(error.issues).to.deep.equal([
      { path: '0.info.format', message: 'Expected OutputFormatText' },
    ])
  })
})
