import { request } from 'node:http'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createMemoryLedger, startModelGateway } from '../../src/gateway.js'
import {
  type Answer,
  chat,
  type GatewayRig,
  openGatewayRig,
  stream,
} from './support/gateway-rig.js'

const started = {
  type: 'message_start',
  message: { usage: { input_tokens: 700, output_tokens: 1, cache_read_input_tokens: 50 } },
}
const words = { type: 'content_block_delta', delta: { text: 'Word by word' } }

/** Events, and then the end of the connection instead of the answer's. */
const cutAfter =
  (...events: unknown[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`)
    setTimeout(() => response.socket?.resetAndDestroy(), 20)
  }

describe('what an answer cost that did not come to its end', () => {
  let rig: GatewayRig
  beforeEach(async () => {
    rig = await openGatewayRig()
  })
  afterEach(() => rig.close())

  const spendOf = async (path: string, answer: Answer, more: object = {}) => {
    const before = rig.spends.length
    rig.answer = answer
    const body = { model: 'm', stream: true, ...more }
    const response = await rig.call(path, { body })
    await response.text().catch(() => undefined)
    await rig.provider.until(() => rig.spends.length > before)
    const spend = rig.spends.at(-1)
    if (spend === undefined) throw new Error('nothing was spent')
    return spend
  }

  it('is not what its beginning counted', async () => {
    await rig.start()
    const deltas = Array.from({ length: 30 }, () => words)
    for (const answer of [cutAfter(started, ...deltas), stream(started, ...deltas)]) {
      const { isEstimated, usage } = await spendOf('anthropic/messages', answer)
      expect(isEstimated).to.equal(true)
      expect(usage).to.include({ inputTokens: 700, cacheReadTokens: 50 })
      expect(usage.outputTokens).to.be.within(100, 200)
    }
    const whole = [started, ...deltas, { type: 'message_delta', usage: { output_tokens: 90 } }]
    const { isEstimated, usage } = await spendOf('anthropic/messages', stream(...whole))
    expect([isEstimated, usage.outputTokens]).to.deep.equal([false, 90])
  })

  it('is not nothing where zeros, an empty object or no events come', async () => {
    await rig.start()
    const delta = { choices: [{ delta: { content: 'Word' } }] }
    const zeros = { ...delta, usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } }
    for (const each of [zeros, { ...delta, usage: {} }]) {
      const spend = await spendOf(chat, cutAfter(...Array.from({ length: 10 }, () => each)))
      expect(spend.isEstimated).to.equal(true)
      expect(spend.usage.outputTokens).to.equal(40)
      expect(spend.usage.inputTokens).to.be.greaterThan(0)
    }
    const lines: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.end('{"text":"many words"}\n')
    }
    expect((await spendOf(chat, lines, { max_tokens: 900 })).usage.outputTokens).to.equal(900)
  })

  it('is nothing of a whole answer that says it has no words', async () => {
    await rig.start()
    const usage = { prompt_tokens: 100, completion_tokens: 0, total_tokens: 100 }
    const whole: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ choices: [{ message: { content: '' } }], usage }))
    }
    const spend = await spendOf(chat, whole, { stream: false, max_tokens: 900 })
    expect(spend.isEstimated).to.equal(false)
    expect(spend.usage).to.include({ inputTokens: 100, outputTokens: 0 })
  })

  it('is not what a response that has begun states', async () => {
    await rig.start()
    const zeros = { input_tokens: 0, output_tokens: 0, total_tokens: 0 }
    const created = { type: 'response.created', response: { usage: zeros } }
    const words = { type: 'response.output_text.delta', delta: 'Word' }
    const answer = cutAfter(created, ...Array.from({ length: 10 }, () => words))
    const { isEstimated, usage } = await spendOf('openai/responses', answer)
    expect(isEstimated).to.equal(true)
    expect(usage.outputTokens).to.equal(44)
    expect(usage.inputTokens).to.be.greaterThan(0)
  })

  it('goes by how much came, where events hold many words, and by no more than was allowed', async () => {
    await rig.start()
    const long = { choices: [{ delta: { content: 'word '.repeat(2_000) } }] }
    expect((await spendOf(chat, cutAfter(long))).usage.outputTokens).to.be.within(2_000, 3_000)
    const { usage } = await spendOf(chat, cutAfter(long), { max_tokens: 500 })
    expect(usage.outputTokens).to.equal(500)
  })

  it('counts thoughts that only the sum has', async () => {
    await rig.start()
    const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 520 }
    expect((await spendOf(chat, stream({ choices: [], usage }))).usage.outputTokens).to.equal(420)
  })

  it('is settled when the caller takes nothing of the answer any more', async () => {
    const ledger = createMemoryLedger({ capOf: () => null })
    await rig.start({ ledger, silenceMs: 100 })
    rig.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const event = `data: ${JSON.stringify({ choices: [], words: 'x'.repeat(60_000) })}\n\n`
      const more = (): void => {
        while (response.write(event));
        response.once('drain', more)
      }
      more()
    }
    const { hostname, port } = new URL(rig.gateway.url)
    const slow = request({
      hostname,
      port,
      path: `/${chat}`,
      method: 'POST',
      headers: { authorization: `Bearer ${rig.tokenOf()}` },
    })
    slow.on('error', () => undefined)
    slow.on('response', (response) => response.on('error', () => undefined).pause())
    slow.end(JSON.stringify({ model: 'm', stream: true }))
    await rig.provider.until(() => rig.spends.length === 1)
    expect(rig.spends[0]).to.include({ outcome: 'cut', isEstimated: true })
    expect(ledger.reserved('ann')).to.equal(0)
    expect(rig.problems.at(-1)).to.include('took nothing of the answer')
    slow.destroy()
  })

  it('and names that are no options are refused', async () => {
    await rig.start()
    const options = {
      credentials: rig.credentials(),
      priceOf: () => null,
      ledger: createMemoryLedger({ capOf: () => 1 }),
      maxBodyByte: 1,
    }
    const error: unknown = await startModelGateway(options).catch((thrown: unknown) => thrown)
    expect(String(error)).to.include('no option "maxBodyByte"')
    expect(() =>
      createMemoryLedger({ capOf: () => 1, onspend: () => undefined } as never),
    ).to.throw(TypeError, 'onspend')
    expect(() => rig.gateway.grant({ usr: 'ann' } as never)).to.throw(TypeError, 'usr')
    expect(() => rig.gateway.grant({ user: 5 } as never)).to.throw(TypeError, '`user`')
    for (const more of [{ waitMs: '5' }, { userOf: 'ann' }]) {
      const wrong: unknown = await rig.start(more as never).catch((thrown: unknown) => thrown)
      expect(String(wrong)).to.match(/`(?:waitMs|userOf)`/)
    }
  })
})
