import { createManualClock, startLeakCheck } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createMemoryLedger, startModelGateway, type GatewayOptions } from '../../src/gateway.js'
import { failure } from '../support/failure.js'
import {
  type GatewayRig,
  type Answer,
  chat,
  chatUsage,
  codeOf,
  key,
  openGatewayRig,
  price,
  stream,
  whole,
} from './support/gateway-rig.js'

describe('the model gateway', () => {
  let rig: GatewayRig

  beforeEach(async () => {
    rig = await openGatewayRig()
  })
  afterEach(() => rig.close())

  it('calls with the key, gives the answer as it is, and counts what it says', async () => {
    await rig.start()
    const headers = { 'x-session-id': 'ses_1', cookie: 'a=b', 'x-forwarded-for': '1.2.3.4' }
    const response = await rig.call(chat, { headers })
    expect(response.status).to.equal(200)
    expect(response.headers.get('set-cookie')).to.equal(null)
    expect(await response.text()).to.match(/^data: .*"Hi".*\n\ndata: .*"usage"/)
    const [seen] = rig.provider.seen
    expect(seen?.url).to.equal('/chat/completions')
    expect(seen?.headers).to.include({ authorization: `Bearer ${key}` })
    expect(seen?.headers).to.not.have.any.keys('cookie', 'x-session-id', 'x-forwarded-for')
    // Without it a stream would not say what it used.
    expect(JSON.parse(seen?.body ?? '')).to.deep.include({
      stream_options: { include_usage: true },
    })
    const [
      { callId, at, reservedMicroUsd, ...spend } = { callId: '', at: 0, reservedMicroUsd: 0 },
    ] = rig.spends
    expect(callId).to.not.equal('')
    expect(at).to.be.greaterThan(0)
    expect(reservedMicroUsd).to.be.greaterThan(128_000 * 15)
    expect(spend).to.deep.equal({
      user: 'ann',
      provider: 'my provider',
      model: 'm',
      sessionId: 'ses_1',
      rootSessionId: 'ses_1',
      usage: { inputTokens: 100, outputTokens: 20, cacheReadTokens: 0, cacheWriteTokens: 0 },
      microUsd: 600,
      isEstimated: false,
      outcome: 'answered',
    })
  })

  it('counts in the shapes of each provider, streamed and whole', async () => {
    await rig.start()
    const cached = { cached_tokens: 40 }
    const cases: [path: string, answer: Answer, usage: number[]][] = [
      [chat, whole({ usage: { ...chatUsage, prompt_tokens_details: cached } }), [60, 20, 40, 0]],
      [
        'openai/responses',
        stream(
          { type: 'response.created', response: { usage: null } },
          {
            type: 'response.completed',
            response: {
              usage: {
                input_tokens: 90,
                output_tokens: 8,
                input_tokens_details: cached,
                total_tokens: 98,
              },
            },
          },
        ),
        [50, 8, 40, 0],
      ],
      [
        'anthropic/messages',
        stream(
          {
            type: 'message_start',
            message: {
              usage: {
                input_tokens: 7,
                output_tokens: 1,
                cache_read_input_tokens: 5,
                cache_creation_input_tokens: 3,
              },
            },
          },
          { type: 'content_block_delta', delta: { text: '"usage": {"output_tokens": 9999}' } },
          { type: 'message_delta', usage: { output_tokens: 30 } },
        ),
        [7, 30, 5, 3],
      ],
    ]
    for (const [path, said, usage] of cases) {
      rig.answer = said
      const headers = path.startsWith('anthropic')
        ? { 'x-api-key': rig.tokenOf(), authorization: '' }
        : {}
      await (await rig.call(path, { headers })).text()
      const { usage: counted } = rig.spends.at(-1) ?? { usage: null }
      const [inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens] = usage
      expect(counted, path).to.deep.equal({
        inputTokens,
        outputTokens,
        cacheReadTokens,
        cacheWriteTokens,
      })
    }
    expect(rig.provider.seen.at(-1)?.headers).to.include({ 'x-api-key': key })
    expect(rig.spends.map(({ microUsd }) => microUsd)).to.deep.equal([492, 282, 484])
  })

  it('passes on calls to models alone, for tokens that are good', async () => {
    await rig.start()
    for (const path of [
      '',
      'my%20provider/models',
      'openai/files',
      'other/chat/completions',
      'anthropic/chat/completions',
      '%/messages',
      'openai/../anthropic/messages?x',
      'openai/responses?x=1',
    ]) {
      expect(await codeOf(await rig.call(path)), path).to.equal('404 unknown_route')
    }
    expect((await fetch(`${rig.gateway.url}/${chat}`)).status).to.equal(404)
    for (const token of ['', 'x', key, `${rig.tokenOf()}x`]) {
      expect(await codeOf(await rig.call(chat, { token }))).to.equal('401 unauthorized')
    }
    expect(await codeOf(await rig.call(chat, { body: '{' }))).to.equal('400 invalid_request')
    expect(await codeOf(await rig.call(chat, { body: { messages: [] } }))).to.equal(
      '400 invalid_request',
    )
    expect(await codeOf(await rig.call(chat, { body: { model: 'free' } }))).to.equal('403 no_price')
    expect(rig.provider.seen).to.have.length(0)
    expect(rig.spends).to.have.length(0)
  })

  it('takes no token that is revoked, has run out or whose signal has aborted, and cuts what runs on it', async () => {
    const clock = createManualClock(0)
    await rig.start({ clock })
    const stopping = new AbortController()
    const grants = [
      rig.gateway.grant({ user: 'ann', ttlMs: 1_000 }),
      rig.gateway.grant({ user: 'ann', signal: stopping.signal }),
      rig.gateway.grant({ user: 'ann' }),
    ]
    const statuses = async (): Promise<number[]> =>
      Promise.all(grants.map(async ({ token }) => (await rig.call(chat, { token })).status))
    expect(await statuses()).to.deep.equal([200, 200, 200])
    await clock.advance(999)
    expect(grants[0]?.renew()).to.equal(true)
    await clock.advance(999)
    expect(await statuses()).to.deep.equal([200, 200, 200])
    await clock.advance(1)
    expect(grants[0]?.renew()).to.equal(false)
    stopping.abort()
    expect(await statuses()).to.deep.equal([401, 401, 200])
    rig.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {}\n\n')
    }
    const running = await rig.call(chat, { token: grants[2]?.token ?? '' })
    grants[2]?.revoke()
    await running.text().then(
      () => expect.fail('it was cut'),
      () => undefined,
    )
    expect(await statuses()).to.deep.equal([401, 401, 401])
    await rig.gateway.close()
    expect(rig.spends.at(-1)).to.include({ outcome: 'cut', isEstimated: true })
    await rig.provider.until(() => rig.provider.openSockets() === 0)
    expect(() => rig.gateway.grant()).to.throw('[closed]')
  })

  it('asks the host whose session calls, and names a sub-agent with its conversation', async () => {
    const asked: unknown[] = []
    await rig.start({
      userOf: (caller) => {
        asked.push(caller)
        return caller.rootSessionId === 'ses_root' ? 'bob' : null
      },
    })
    const { token } = rig.gateway.grant()
    const say = (headers: Record<string, string>): Promise<Response> =>
      rig.call(chat, { token, headers })
    await (await say({ 'x-session-id': 'ses_child', 'x-parent-session-id': 'ses_root' })).text()
    await (
      await say({ 'x-session-id': 'ses_grandchild', 'x-parent-session-id': 'ses_child' })
    ).text()
    expect(asked.at(-1)).to.deep.equal({
      grantUser: null,
      sessionId: 'ses_grandchild',
      rootSessionId: 'ses_root',
    })
    expect(rig.spends.map(({ user, rootSessionId }) => [user, rootSessionId])).to.deep.equal([
      ['bob', 'ses_root'],
      ['bob', 'ses_root'],
    ])
    expect(await codeOf(await say({ 'x-session-id': 'ses_other' }))).to.equal('403 unknown_user')
    expect(await codeOf(await say({}))).to.equal('403 unknown_user')
    // Only a forger makes a circle.
    await say({ 'x-session-id': 'ses_a', 'x-parent-session-id': 'ses_b' })
    expect(
      (await say({ 'x-session-id': 'ses_b', 'x-parent-session-id': 'ses_a' })).status,
    ).to.equal(403)
    expect(rig.provider.seen).to.have.length(2)
  })

  it('shows the caller what the provider says, but nothing of the key', async () => {
    await rig.start()
    rig.answer = whole({ error: { message: `overloaded ${key}` } }, 529)
    const failed = await rig.call(chat)
    expect([failed.status, failed.headers.get('retry-after')]).to.deep.equal([529, '7'])
    expect(await failed.text()).to.equal('{"error":{"message":"overloaded …"}}')
    rig.answer = whole({ error: { message: 'Incorrect API key provided: sk-se*****ider' } }, 401)
    expect(await codeOf(await rig.call(chat))).to.equal('403 provider_key_refused')
    rig.answer = (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()
    expect(await codeOf(await rig.call(chat))).to.equal('502 provider_unreachable')
    rig.answer = (response) => response.socket?.resetAndDestroy()
    expect(await codeOf(await rig.call(chat))).to.equal('502 provider_unreachable')
    expect(rig.spends.map(({ outcome, microUsd }) => [outcome, microUsd])).to.deep.equal(
      Array.from({ length: 4 }, () => ['refused', 0]),
    )
    expect(rig.problems).to.have.length(3)
    expect(rig.problems.join()).to.not.include(key)
  })

  it('takes no more than it says, and other keys while it runs', async () => {
    await rig.start({ maxBodyBytes: 100 })
    const body = { model: 'm', text: 'x'.repeat(200) }
    expect(await codeOf(await rig.call(chat, { body }))).to.equal('413 too_large')
    const other = rig.credentials().map((each) => ({ ...each, apiKey: 'another' }))
    rig.gateway.setCredentials(other)
    await (await rig.call(chat)).text()
    expect(rig.provider.seen.at(-1)?.headers).to.include({ authorization: 'Bearer another' })
    expect(() => rig.gateway.setCredentials(other.slice(1))).to.throw(TypeError, 'my provider')
  })

  it('refuses options that cannot be meant', async () => {
    const refused = async (more: Partial<GatewayOptions>, message: string): Promise<void> => {
      const error: unknown = await rig.start(more).catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(Error)
      expect(String(error)).to.include(message)
    }
    await refused({ credentials: [] }, '`credentials` is empty')
    await refused({ credentials: [...rig.credentials(), ...rig.credentials()] }, 'two credentials')
    await refused({ credentials: { provider: 'openai', apiKey: '' } }, 'no `apiKey`')
    await refused({ waitMs: -1 }, '`waitMs`')
    await refused({ ledger: {} as never }, '`ledger` must have')
    expect(() => createMemoryLedger({} as never)).to.throw(TypeError, '`capOf`')
    await refused({ signal: AbortSignal.abort(new Error('too late')) }, 'too late')
    await rig.start({ priceOf: () => ({ input: -1, output: 1 }) })
    expect(await codeOf(await rig.call(chat))).to.equal('503 gateway_failed')
    expect(rig.problems.at(-1)).to.include('wrong `input`')
    const port = Number(new URL(rig.gateway.url).port)
    const taken = await failure(
      startModelGateway({
        credentials: rig.credentials(),
        priceOf: () => price,
        ledger: createMemoryLedger({ capOf: () => null }),
        port,
      }),
    )
    expect(taken.code).to.equal('server_start_failed')
  })

  it('leaves nothing behind', async () => {
    const round = async (): Promise<void> => {
      await rig.start()
      await (await rig.call(chat)).text()
      const before = rig.answer
      rig.answer = () => undefined
      const held = rig.call(chat).catch(() => null)
      await rig.provider.until(() => rig.gateway.calls === 1)
      await rig.gateway.close()
      await held
      rig.answer = before
    }
    // The client of this test keeps a timer of its own.
    await round()
    const leaks = startLeakCheck()
    await round()
    await round()
    await leaks.assertClean()
  })
})
