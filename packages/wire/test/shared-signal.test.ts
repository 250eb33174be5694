import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { createClient, type Client } from '../src/index.js'
import { startStub, type StubServer } from './support/stub-server.js'

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  )

/** A process has one signal for its shutdown, and a turn one for all of its requests. */
describe('one signal for many calls', () => {
  const many = 30
  let server: StubServer
  let client: Client
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning)

  beforeEach(async () => {
    server = await startStub(() => undefined)
    client = createClient({ baseUrl: server.url, env: {} })
    warnings.length = 0
    process.on('warning', onWarning)
  })
  afterEach(async () => {
    process.off('warning', onWarning)
    await client.close()
    await server.close()
  })

  it('ends all of them, and makes Node warn of no leak', async () => {
    const stop = new AbortController()
    const { signal } = stop
    const calls = Array.from({ length: many }, () => rejection(client.session.status({ signal })))
    const streams = Array.from({ length: many }, () => client.events.subscribe({ signal }))
    const heard = streams.map((stream) => rejection(stream[Symbol.asyncIterator]().next()))
    await server.until(() => server.seen.length > many)
    const reason = new Error('shutdown')
    stop.abort(reason)
    for (const error of await Promise.all([...calls, ...heard])) expect(error).to.equal(reason)
    expect(warnings).to.deep.equal([])
  })

  it('leaves the signal to the calls that go on', async () => {
    const stop = new AbortController()
    const { signal } = stop
    const first = rejection(client.session.status({ signal, timeoutMs: 1 }))
    const second = rejection(client.session.status({ signal }))
    expect(await first).to.include({ code: 'timeout' })
    const reason = new Error('shutdown')
    stop.abort(reason)
    expect(await second).to.equal(reason)
  })
})
