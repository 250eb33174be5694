import { createOpencodeClient } from '@opencode-ai/sdk'
import { createOpencodeClient as createOpencodeClientV2 } from '@opencode-ai/sdk/v2'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici'

import { createClient, type Client } from '../../src/index.js'
import {
  makeEvent,
  openStream,
  startStub,
  type Handler,
  type StubServer,
  type StubStream,
} from '../support/stub-server.js'
import { passUndiciTime, quiesce } from '../support/undici-time.js'

/** As in `stream.test.ts`: each case says what ours does, and that the official client still does not. */
describe('where the requests of @opencode-ai/sdk fail', () => {
  let server: StubServer
  let client: Client
  let stop: AbortController

  const serve = async (handler: Handler): Promise<void> => {
    server = await startStub(handler)
    client = createClient({ baseUrl: server.url, env: {} })
  }
  beforeEach(() => {
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    await client.close()
    await server.close()
  })

  const officialPrompts = {
    '@opencode-ai/sdk': () =>
      createOpencodeClient({ baseUrl: server.url }).session.prompt({
        path: { id: 'ses_1' },
        body: { parts: [] },
      }),
    '@opencode-ai/sdk/v2': () =>
      createOpencodeClientV2({ baseUrl: server.url }).session.prompt({ sessionID: 'ses_1' }),
  }
  for (const [name, prompt] of Object.entries(officialPrompts)) {
    it(`loses a turn that takes longer than 300 s (${name})`, async () => {
      await serve(() => {})
      const before = getGlobalDispatcher()
      setGlobalDispatcher(new Agent())
      let isOver = false
      void client.session.prompt('ses_1', { parts: [] }).catch(() => (isOver = true))
      const theirs = prompt().then(
        ({ error }: { error?: unknown }) => error,
        (error: unknown) => error,
      )
      await server.until(() => server.seen.length === 2)
      setGlobalDispatcher(before)
      passUndiciTime(299_000)
      await quiesce()
      passUndiciTime(2_000)
      expect(await theirs).to.have.nested.property('cause.code', 'UND_ERR_HEADERS_TIMEOUT')
      expect(isOver).to.equal(false)
    })
  }

  it('opens its stream past the connection that it was given', async () => {
    await serve((_, response) => openStream(response))
    const agent = new Agent()
    const ours: string[] = []
    const dispatcher = agent.compose((dispatch) => (options, handler) => {
      ours.push(options.path)
      return dispatch(options, handler)
    })
    const proxied = createClient({ baseUrl: server.url, env: {}, dispatcher })
    await proxied.events.subscribe().ready
    expect(ours).to.deep.equal(['/event'])
    await proxied.close()
    await agent.close()

    const theirs: string[] = []
    const official = createOpencodeClient({
      baseUrl: server.url,
      fetch: (request) => {
        theirs.push(request.url)
        return fetch(request)
      },
    })
    const { stream } = await official.event.subscribe({ signal: stop.signal })
    await stream.next()
    expect(theirs).to.deep.equal([])
  })

  it('understands no line end but LF', async () => {
    const streams: StubStream[] = []
    await serve((_, response) => streams.push(openStream(response)))
    const event = makeEvent('session.idle', { sessionID: 'ses_a' })
    const frame = `data: ${JSON.stringify(event)}`
    for (const end of ['\r\n', '\r']) {
      const events = client.events.subscribe({ session: 'ses_a' })
      await events.ready
      streams.at(-1)?.write(frame + end + end)
      for await (const found of events) {
        expect(found).to.deep.equal(event)
        break
      }
      const official = createOpencodeClient({ baseUrl: server.url })
      const { stream } = await official.event.subscribe({ signal: stop.signal })
      await stream.next()
      const next = stream.next()
      streams.at(-1)?.write(frame + end + end)
      streams.at(-1)?.send({ marker: 1 })
      expect((await next).value).to.not.deep.equal(event)
    }
  })

  it('takes a web page for data', async () => {
    await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    )
    const error = await client.session.list().catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'foreign_response' })
    const { data } = await createOpencodeClient({ baseUrl: server.url }).session.list()
    expect(data).to.equal('<p>')
  })
})
