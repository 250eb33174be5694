import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import {
  startImpostor,
  startTcpFaultProxy,
  type Impostor,
  type TcpFaultProxy,
} from '../src/index.js'

describe('startTcpFaultProxy', () => {
  let impostor: Impostor
  let proxy: TcpFaultProxy
  beforeEach(async () => {
    impostor = await startImpostor()
    proxy = await startTcpFaultProxy(impostor.url)
  })
  afterEach(async () => {
    await proxy.close()
    await impostor.close()
  })
  const health = (timeoutMs = 1_000): Promise<unknown> =>
    fetch(`${proxy.url}/global/health`, {
      signal: AbortSignal.timeout(timeoutMs),
      headers: { connection: 'close' },
    }).then((response) => response.json())
  const failure = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => null,
      (error: unknown) => error,
    )

  it('passes everything without faults', async () => {
    expect(await health()).to.have.property('healthy', true)
  })

  it('delays by its latency', async () => {
    proxy.set({ latencyMs: 120 })
    expect(await failure(health(60))).to.have.property('name', 'TimeoutError')
  })

  it('drips by its rate', async () => {
    proxy.set({ bytesPerSecond: 200 })
    expect(await failure(health(150))).to.have.property('name', 'TimeoutError')
  })

  it('resets after some bytes', async () => {
    proxy.set({ resetAfterBytes: 40 })
    expect(await failure(health())).to.be.instanceOf(TypeError)
  })

  it('refuses connections', async () => {
    proxy.set({ isRefusing: true })
    expect(await failure(health())).to.be.instanceOf(TypeError)
  })

  it('leaves a half-open connection without a word', async () => {
    proxy.set({ isHalfOpen: true })
    expect(await failure(health(80))).to.have.property('name', 'TimeoutError')
  })

  it('resets open connections at once', async () => {
    const streaming = fetch(`${proxy.url}/event`).then((response) => response.text())
    await impostor.next('GET /event')
    proxy.resetAll()
    expect(await failure(streaming)).to.be.instanceOf(Error)
  })
})
