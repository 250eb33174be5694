import { expect } from 'chai'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, it } from 'mocha'

import { createClient } from '../src/index.js'
import { toTransportError } from '../src/http/transport-error.js'
import { failure } from './support/failure.js'
import { passUndiciTime, quiesce } from './support/undici-time.js'

describe('what the network does', () => {
  it('is a timeout that delivered nothing when no connection comes up within `connectMs`', async () => {
    const sockets: Socket[] = []
    // It accepts, and never answers the TLS handshake.
    const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const timeouts = { connectMs: 4_000, requestMs: 0 }
    const client = createClient({ baseUrl: `https://127.0.0.1:${port}`, env: {}, timeouts })
    let isOver = false
    const failed = failure(client.session.create()).finally(() => (isOver = true))
    while (sockets.length === 0) await quiesce(1)
    passUndiciTime(2_000)
    await quiesce()
    expect(isOver).to.equal(false)
    passUndiciTime(2_000)
    await quiesce()
    expect(isOver).to.equal(true)
    const error = await failed
    expect(error).to.include({ code: 'timeout', delivered: 'no', retryable: true })
    expect(error.message).to.contain('timeouts.connectMs')
    await client.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('says whether there was a connection at all', async () => {
    const client = createClient({ baseUrl: 'http://127.0.0.1:9', env: {} })
    const refused = await failure(client.session.list())
    expect(refused.message).to.match(
      /^\[connection\] GET \/session could not connect \(ECONNREFUSED\).*baseUrl/,
    )
    await client.close()
    const lost = toTransportError(new Error('below'), 'GET /session', 'unknown')
    expect(lost.message).to.equal('[connection] GET /session lost its connection')
  })

  for (const [code, expected] of [
    ['ECONNREFUSED', { code: 'connection', retryable: true }],
    ['UND_ERR_SOCKET', { code: 'connection', retryable: true }],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', { code: 'connection', retryable: false }],
    ['CERT_HAS_EXPIRED', { code: 'connection', retryable: false }],
    ['ERR_TLS_CERT_ALTNAME_INVALID', { code: 'connection', retryable: false }],
    ['UND_ERR_BODY_TIMEOUT', { code: 'timeout', retryable: true }],
    ['UND_ERR_DESTROYED', { code: 'closed', retryable: false }],
  ] as const) {
    it(`is ${expected.code} for ${code}, worth another try: ${expected.retryable}`, () => {
      const cause = Object.assign(new Error('below'), { code })
      const error = toTransportError(cause, 'GET /session', 'unknown')
      expect(error).to.include({ ...expected, delivered: 'unknown', cause })
      expect(error.message).to.contain('GET /session')
    })
  }
})
