import type { Attributes } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import {
  gate,
  on,
  reply,
  startImpostor,
  text,
  tool,
  usage,
  type Impostor,
} from '@turnstead/testkit'
import { createMemoryStore, runTurn, type MemoryStore, type TurnOptions } from '@turnstead/turn'
import { createClient, type Client } from '@turnstead/wire'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { instrument, traceContext } from '../src/index.js'
import { openTelemetry, type Telemetry } from './support/telemetry.js'

const secret = 'hunter2'
const turnId = 7
const conversationId = 3

describe('instrument', () => {
  let impostor: Impostor
  let client: Client
  let store: MemoryStore
  let telemetry: Telemetry

  beforeEach(async () => {
    telemetry = openTelemetry()
    impostor = await startImpostor(
      [
        on(
          'Hello',
          reply(
            usage({ input: 10, output: 5 }),
            tool.write({ filePath: `${secret}.txt`, content: secret }),
            tool.task(
              { description: secret, prompt: secret, subagent_type: 'explore' },
              reply(tool.bash({ command: secret }, { output: secret }), text(secret)),
            ),
            text(`${secret}.`),
          ),
        ),
      ],
      { providerId: 'google', modelId: 'gemini-x' },
    )
    client = createClient({
      baseUrl: impostor.url,
      reconnect: { firstDelayMs: 5, maxDelayMs: 20 },
    })
    store = createMemoryStore()
    store.addTurn({ conversationId, turnId })
  })
  afterEach(async () => {
    await client.close()
    await impostor.close()
    await telemetry.close()
  })

  const options = (words: string, more: Partial<TurnOptions> = {}): TurnOptions => ({
    client,
    store,
    conversationId,
    turnId,
    owner: 'worker-1',
    prompt: { text: `${words} ${secret}` },
    traceContext,
    ...more,
    timing: { leaseMs: 1_000, pollMs: 40, graceMs: 120, snapshotMs: 20 },
  })
  it('makes a tree of a turn: its agent, models, tools, sub-agents and asks', async () => {
    const result = await runTurn(
      options('Hello', {
        session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
        asks: () => ({ action: 'allow' }),
      }),
    )
    expect(result.status).to.equal('completed')
    const turn = telemetry.one('invoke_agent')
    expect(telemetry.parentOf(turn)).to.equal('claim turn')
    expect(turn.attributes).to.include({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.conversation.id': String(conversationId),
      'turnstead.turn.id': String(turnId),
      'turnstead.status': 'completed',
      'turnstead.ending': 'answered',
      'turnstead.reruns': 0,
    })
    expect(turn.attributes['gen_ai.usage.input_tokens']).to.be.greaterThan(0)
    for (const name of ['ensure session', 'execute_tool write', 'execute_tool task']) {
      expect(telemetry.parentOf(telemetry.one(name)), name).to.equal('invoke_agent')
    }
    for (const name of ['ask permission', 'settle turn', 'send prompt']) {
      expect(telemetry.parentOf(telemetry.one(name)), name).to.equal('invoke_agent')
    }
    expect(telemetry.parentOf(telemetry.one('invoke_agent explore'))).to.equal('execute_tool task')
    expect(telemetry.parentOf(telemetry.one('execute_tool bash'))).to.equal('invoke_agent explore')
    const chats = telemetry.finished().filter(({ name }) => name.startsWith('chat'))
    expect(chats.map(telemetry.parentOf)).to.have.members([
      'invoke_agent',
      'invoke_agent',
      'invoke_agent explore',
      'invoke_agent explore',
    ])
    for (const { attributes } of chats) {
      expect(attributes).to.include({ 'gen_ai.operation.name': 'chat' })
      expect(attributes['gen_ai.response.finish_reasons']).to.be.an('array')
      expect(attributes['gen_ai.request.model']).to.be.a('string')
      expect(attributes['gen_ai.provider.name']).to.be.a('string')
    }
    expect(telemetry.one('ask permission').attributes).to.include({
      'turnstead.ask.permission': 'edit',
      'turnstead.ask.decided_by': 'policy',
    })
    const traces = telemetry
      .finished()
      .filter(({ name }) => !name.startsWith('stream'))
      .map((span) => span.spanContext().traceId)
    expect([...new Set(traces)]).to.have.length(1)
  })

  it('measures tokens, durations, cost and the time to the first token', async () => {
    await runTurn(options('Hello', { prompt: { text: 'Hello', model: 'google/gemini-x' } }))
    const recorded = await telemetry.recorded()
    const attributesOf = (name: string): readonly Attributes[] => recorded.get(name) ?? []
    expect(
      attributesOf('gen_ai.client.token.usage').map((each) => each['gen_ai.token.type']),
    ).to.include.members(['input', 'output'])
    for (const name of [
      'gen_ai.client.operation.duration',
      'gen_ai.invoke_agent.duration',
      'gen_ai.execute_tool.duration',
      'turnstead.turn.time_to_first_token',
      'turnstead.cost',
      'turnstead.wire.request.duration',
      'turnstead.turn.claim.duration',
    ]) {
      expect(attributesOf(name), name).not.to.deep.equal([])
    }
    expect(attributesOf('turnstead.turn.time_to_first_token')[0]).to.deep.include({
      'gen_ai.provider.name': 'gcp.gemini',
      'gen_ai.request.model': 'gemini-x',
    })
  })

  it('says nothing of what is said, written or named', async () => {
    await runTurn(options('Hello'))
    expect(telemetry.finished()).to.have.length.above(20)
    expect(await telemetry.told()).not.to.include(secret)
  })

  it('goes on in the trace in which a turn began, in another process, and links to its own', async () => {
    impostor.answer(on('Long', reply(text('One. '), gate('rest'), text('Two.'))))
    const leaving = new AbortController()
    const tracer = telemetry.spans.getTracer('host')
    const inSpan = async (name: string, run: () => Promise<unknown>): Promise<string> =>
      tracer.startActiveSpan(name, async (span) => {
        await run().finally(() => span.end())
        return span.spanContext().traceId
      })
    const began = await inSpan('first job', () =>
      runTurn(
        options('Long', {
          signal: leaving.signal,
          onReply: (each) => void each.observe({ textDelta: () => leaving.abort() }),
        }),
      ),
    )
    impostor.gate('rest').open()
    const other = await inSpan('second job', () => runTurn(options('Long')))
    expect(other).not.to.equal(began)
    const [first, second] = telemetry.named('invoke_agent')
    expect(first?.attributes).to.include({ 'turnstead.ending': 'handed_off' })
    expect(second?.attributes).to.include({ 'turnstead.status': 'completed' })
    expect(second?.attributes).to.include({ 'turnstead.resumed': true })
    for (const span of [first, second]) expect(span?.spanContext().traceId).to.equal(began)
    expect(telemetry.parentOf(second as ReadableSpan)).to.equal('first job')
    expect(second?.links.map((link) => link.context.traceId)).to.deep.equal([other])
  })

  it('tells of a prompt that was run again', async () => {
    impostor.answer(on('Lost', reply(text('One. '), gate('rest'))))
    const restarts: Promise<void>[] = []
    const result = await runTurn(
      options('Lost', {
        onReply: (each) =>
          void each.observe({
            textDelta: () => {
              if (restarts.length > 0) return
              restarts.push(impostor.restart().then(() => impostor.gate('rest').open()))
            },
          }),
      }),
    )
    await Promise.all(restarts)
    expect(result.status).to.equal('completed')
    expect(telemetry.one('invoke_agent').attributes).to.include({ 'turnstead.reruns': 1 })
    const chats = telemetry.finished().filter(({ name }) => name.startsWith('chat'))
    expect(chats.map(({ attributes }) => attributes['error.type'])).to.deep.equal([
      'interrupted',
      undefined,
    ])
    expect(telemetry.named('send prompt')).to.have.length(2)
  })

  it('makes a claim that finds nothing to do a span of its own', async () => {
    await runTurn(options('Hello'))
    telemetry.reset()
    await runTurn(options('Hello'))
    expect(telemetry.one('claim turn').attributes).to.include({ 'turnstead.outcome': 'settled' })
    expect(telemetry.named('invoke_agent')).to.deep.equal([])
  })

  it('marks what failed', async () => {
    await runTurn(options('Hello', { prompt: { text: 'Hello' }, budgets: { steps: 0 } }))
    const turn = telemetry.one('invoke_agent')
    expect(turn.attributes).to.include({ 'error.type': 'budget_steps' })
    expect(turn.status.code).to.equal(2)
  })

  it('harms no turn by a tracer that throws', async () => {
    telemetry.stop()
    const startSpan = (): never => {
      throw new Error('exporter bug')
    }
    const meter = telemetry.meters.getMeter('test')
    const stop = instrument({ tracer: { startSpan } as never, meter })
    const result = await runTurn(options('Hello')).finally(stop)
    expect(result.status).to.equal('completed')
  })

  it('refuses what is no tracer, no meter and no option', () => {
    const given = (options: object) => () => instrument(options)
    expect(given({ tracer: { getTracer: () => null } })).to.throw('`tracer` must be a tracer')
    expect(given({ meter: {} })).to.throw('`meter` must be a meter')
    expect(given({ tracerProvider: {} })).to.throw('`instrument` has no option "tracerProvider"')
  })

  it('stops', async () => {
    telemetry.stop()
    await runTurn(options('Hello'))
    expect(telemetry.finished()).to.deep.equal([])
  })
})
