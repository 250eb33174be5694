import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { ServerResponse } from 'node:http'
import { createMemoryLedger } from '../../src/gateway.js'
import {
  type GatewayRig,
  chat,
  chatUsage,
  codeOf,
  openGatewayRig,
  price,
  whole,
} from './support/gateway-rig.js'

describe('what users spend at the model gateway', () => {
  let rig: GatewayRig

  beforeEach(async () => {
    rig = await openGatewayRig()
  })
  afterEach(() => rig.close())

  it('lets no user pass a cap by more than one call, whatever comes at once', async () => {
    const ledger = createMemoryLedger({ capOf: () => 2_000 })
    await rig.start({ ledger })
    const body = { model: 'm', stream: true, max_tokens: 20 }
    // What one call costs: 100 x 3 + 20 x 15.
    const token = rig.tokenOf()
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const response = await rig.call(chat, { token, body })
        await response.text()
        return response.status
      }),
    )
    expect(statuses.filter((status) => status === 200)).to.have.length(4)
    expect(statuses.filter((status) => status === 402)).to.have.length(96)
    expect(rig.provider.seen).to.have.length(4)
    expect(ledger.spent('ann')).to.equal(2_400)
    expect(ledger.reserved('ann')).to.equal(0)
    // Others have their own.
    expect((await rig.call(chat, { token: rig.tokenOf('bob'), body })).status).to.equal(200)
    ledger.reset('ann')
    expect((await rig.call(chat, { token, body })).status).to.equal(200)
  })

  it('has a call wait for those that have set aside the rest, and tells it to come again when they take long', async () => {
    const clock = createManualClock(0)
    const ledger = createMemoryLedger({ capOf: () => 10_000 })
    await rig.start({ ledger, clock, waitMs: 5_000 })
    const held: ServerResponse[] = []
    rig.answer = (response) => void held.push(response)
    const token = rig.tokenOf()
    const first = rig.call(chat, { token })
    await rig.provider.until(() => held.length === 1)
    const second = rig.call(chat, { token })
    await clock.advance(5_000)
    for (let left = 50; left > 0; left -= 1) {
      await new Promise((resolve) => setImmediate(resolve))
      await clock.advance(500)
    }
    const refused = await second
    expect(refused.headers.get('retry-after')).to.equal('5')
    expect(await codeOf(refused)).to.equal('429 cap_reserved')
    const third = rig.call(chat, { token })
    await rig.provider.until(() => rig.gateway.calls === 2)
    rig.answer = whole({ usage: chatUsage })
    whole({ usage: chatUsage })(held[0]!, rig.provider.seen[0]!)
    expect((await first).status).to.equal(200)
    // At once, and not at the next look.
    expect((await third).status).to.equal(200)
  })

  it('takes an answer that is cut for what it seems to have cost, and does not end it as if it were whole', async () => {
    await rig.start()
    rig.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (let left = 10; left > 0; left -= 1) response.write('data: {"choices":[]}\n\n')
      setTimeout(() => response.socket?.resetAndDestroy(), 20)
    }
    const response = await rig.call(chat)
    await response.text().then(
      () => expect.fail('it was cut'),
      () => undefined,
    )
    expect(rig.spends.at(-1)).to.deep.include({ outcome: 'cut', isEstimated: true })
    expect(rig.spends.at(-1)?.usage.outputTokens).to.equal(40)
    expect(rig.spends.at(-1)?.microUsd).to.be.greaterThan(600)
    // Whoever leaves stops the provider, too.
    rig.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"choices":[]}\n\n')
    }
    const leaving = new AbortController()
    const left = await rig.call(chat, { signal: leaving.signal })
    leaving.abort()
    await left.text().catch(() => undefined)
    await rig.provider.until(() => rig.spends.length === 2)
    expect(rig.spends.at(-1)).to.include({ outcome: 'cut' })
    expect(rig.gateway.calls).to.equal(0)
  })

  it('holds a whole answer that is cut to be as long as it may be, since nothing else is known of it', async () => {
    await rig.start()
    const leaving = new AbortController()
    rig.answer = () => leaving.abort()
    const body = { model: 'm', max_tokens: 5_000 }
    await rig.call(chat, { body, signal: leaving.signal }).catch(() => undefined)
    await rig.provider.until(() => rig.spends.length === 1)
    expect(rig.spends[0]).to.include({ outcome: 'cut', isEstimated: true })
    expect(rig.spends[0]?.usage.outputTokens).to.equal(5_000)
    // Nor is an answer free that says nothing of what it used.
    rig.answer = whole({ choices: [] })
    await (await rig.call(chat, { body })).text()
    expect(rig.spends[1]?.usage.outputTokens).to.equal(5_000)
  })

  it('takes no limit for one that the provider would not read as one', async () => {
    await rig.start()
    const reserved = async (path: string, body: object | string): Promise<number> => {
      await (await rig.call(path, { body })).text()
      return rig.spends.at(-1)?.reservedMicroUsd ?? 0
    }
    const unlimited = 128_000 * price.output
    const over = { model: 'm', stream: true }
    expect(await reserved(chat, { ...over, max_tokens: 10 })).to.be.below(unlimited)
    expect(await reserved(chat, { ...over, max_output_tokens: 10 })).to.be.above(unlimited)
    const both = { ...over, max_completion_tokens: 10, max_tokens: 9_000 }
    expect(await reserved(chat, both)).to.be.above(9_000 * price.output)
    expect(await reserved('openai/responses', { ...over, max_tokens: 10 })).to.be.above(unlimited)
    // Twice the same name: what is counted is what is sent.
    const text = '{"model":"m","stream":true,"max_tokens":9000,"max_tokens":10}'
    expect(await reserved(chat, text)).to.be.below(9_000 * price.output)
    expect(rig.provider.seen.at(-1)?.body).to.include('"max_tokens":10').and.not.include('9000')
  })

  it('lets nothing out whose cost is not in the request and its answer', async () => {
    await rig.start()
    for (const more of [
      { background: true },
      { previous_response_id: 'resp_1' },
      { conversation: 'conv_1' },
    ]) {
      const response = await rig.call('openai/responses', { body: { model: 'm', ...more } })
      expect(await codeOf(response)).to.equal('400 unbounded_request')
    }
    expect(rig.provider.seen).to.deep.equal([])
    const plain = { model: 'm', background: false, previous_response_id: null }
    rig.answer = whole({ usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } })
    expect((await rig.call('openai/responses', { body: plain })).status).to.equal(200)
  })

  it('cuts an answer of which nothing comes any more', async () => {
    await rig.start({ silenceMs: 50 })
    rig.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"choices":[]}\n\n')
    }
    const response = await rig.call(chat)
    await response.text().then(
      () => expect.fail('it was cut'),
      () => undefined,
    )
    expect(rig.spends.at(-1)).to.include({ outcome: 'cut', isEstimated: true })
    expect(rig.gateway.calls).to.equal(0)
  })

  it('lets nothing out when the ledger or a callback fails, and keeps set aside what it cannot settle', async () => {
    const memory = createMemoryLedger({ capOf: () => null })
    let failures = 1
    const fail = (): void => {
      if ((failures -= 1) >= 0) throw new Error('away')
    }
    const clock = createManualClock(0)
    await rig.start({
      clock,
      ledger: {
        reserve: async (request) => (fail(), memory.reserve(request)),
        settle: async (spend) => (fail(), memory.settle(spend)),
      },
      priceOf: () => (fail(), price),
      userOf: ({ grantUser }) => (fail(), grantUser),
    })
    expect(await codeOf(await rig.call(chat))).to.equal('503 gateway_failed')
    expect(rig.provider.seen).to.have.length(0)
    expect(rig.problems).to.deep.equal(['user: Error: away'])
    failures = 0
    rig.answer = (response, request) => {
      failures = 2
      whole({ usage: chatUsage })(response, request)
    }
    const slow = rig.call(chat)
    await rig.provider.until(() => rig.provider.seen.length === 1)
    await rig.provider.until(() => failures < 2)
    for (let left = 20; left > 0; left -= 1) {
      await new Promise((resolve) => setImmediate(resolve))
      await clock.advance(1_000)
    }
    await (await slow).text()
    expect(memory.spent('ann')).to.equal(600)
    expect(memory.reserved('ann')).to.equal(0)
  })
})
