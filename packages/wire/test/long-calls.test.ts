import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { Agent } from 'undici'

import { createClient, type Client } from '../src/index.js'
import { failure } from './support/failure.js'
import { startStub, type StubServer } from './support/stub-server.js'
import { passUndiciTime, quiesce } from './support/undici-time.js'

/** undici ends a request after 300 s without a head, or without a byte of the body, unless that is switched off. */
describe('long calls', () => {
  let server: StubServer

  beforeEach(async () => {
    server = await startStub(({ url }, response) => {
      if (!url.includes('/message')) return
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    })
  })
  afterEach(async () => {
    await server.close()
  })

  for (const [whose, dispatcher] of [
    ['its own agent', undefined],
    ["a host's agent as it comes", new Agent()],
    ["a host's agent in a hurry", new Agent({ headersTimeout: 50, bodyTimeout: 50 })],
  ] as const) {
    for (const [what, start] of [
      ['an answer that does not begin', (client: Client) => client.session.shell('ses_1', shell)],
      ['an answer that stops', (client: Client) => client.session.prompt('ses_1', { parts: [] })],
    ] as const) {
      it(`end by this package's budget and no other: ${what}, with ${whose}`, async () => {
        const clock = createManualClock()
        const client = createClient({ baseUrl: server.url, env: {}, clock, dispatcher })
        let isOver = false
        const failed = failure(start(client)).finally(() => (isOver = true))
        await server.until(() => server.seen.length === 1)
        await quiesce()
        passUndiciTime(1_799_999)
        await clock.advance(1_799_999)
        await quiesce()
        expect(isOver).to.equal(false)
        await clock.advance(1)
        expect((await failed).message).to.contain('timeouts.turnMs')
        await client.close()
      })
    }
  }
  const shell = { agent: 'build', command: 'make' }
})
