import { EventEmitter } from 'node:events'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { startImpostor, startLeakCheck } from '../src/index.js'

describe('startLeakCheck', () => {
  it('names what is left open, and is content when it is gone', async () => {
    const check = startLeakCheck({ ignore: ['Timeout'] })
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const error = await check.assertClean({ timeoutMs: 5 }).catch((each: unknown) => each)
    expect(error).to.have.property('code', 'leaked')
    expect(error).to.have.property('message').that.includes('1 TCPServerWrap')
    await new Promise((resolve) => server.close(resolve))
    await check.assertClean()
  })

  it('counts listeners of the emitters that it is given', () => {
    const emitter = new EventEmitter()
    const check = startLeakCheck({ emitters: { bus: emitter } })
    emitter.on('x', () => {})
    expect(check.leaked()).to.deep.equal({ 'listener on bus': 1 })
    emitter.removeAllListeners()
    expect(check.leaked()).to.deep.equal({})
  })

  it('finds nothing after an Impostor was closed in the middle of a stream', async () => {
    const check = startLeakCheck({ ignore: ['TCPSocketWrap', 'Timeout'] })
    const impostor = await startImpostor()
    const reading = fetch(`${impostor.url}/event`).then((response) => response.text())
    reading.catch(() => {})
    await impostor.next('GET /event')
    await impostor.close()
    await check.assertClean()
  })
})
