import type { TracingChannel } from 'node:diagnostics_channel'
import { gate, on, providerError, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { channels, runTurn, type TurnChannels } from '../src/index.js'
import { observing, openRig, type Rig } from './support/rig.js'

type Name = keyof TurnChannels
interface Seen {
  readonly event: string
  readonly name: Name
  /** As it was then. */
  readonly context: Readonly<Record<string, unknown>>
}

const secret = 'hunter2'
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('the tracing channels', () => {
  let rig: Rig
  let turnId: number
  let seen: Seen[]
  let leave: (() => void)[]

  beforeEach(async () => {
    seen = []
    leave = []
    rig = await openRig([
      on(
        'Hello',
        reply(
          tool.write({ filePath: `${secret}.txt`, content: secret }),
          tool.task(
            { description: 'Look around', prompt: secret, subagent_type: 'explore' },
            reply(tool.bash({ command: secret }), text(secret)),
          ),
          text(secret),
        ),
      ),
    ])
    turnId = await rig.rows.addMessage()
  })
  afterEach(async () => {
    for (const each of leave) each()
    await rig.close()
  })

  function subscribe(names: readonly Name[] = Object.keys(channels) as Name[]): void {
    for (const name of names) {
      const on = (event: string) => (context: object) =>
        void seen.push({ event, name, context: JSON.parse(JSON.stringify(context)) })
      const subscribers = {
        start: on('start'),
        end: () => {},
        asyncStart: () => {},
        asyncEnd: on('asyncEnd'),
        error: on('error'),
      }
      const channel = channels[name] as unknown as TracingChannel<object, object>
      channel.subscribe(subscribers)
      leave.push(() => channel.unsubscribe(subscribers))
    }
  }

  const ended = (name: Name): Seen['context'][] =>
    seen
      .filter((each) => each.name === name && each.event === 'asyncEnd')
      .map(({ context }) => context)

  it('tell of a turn with its steps, tools, sub-agents and asks, and nothing of what is said', async () => {
    subscribe()
    const collected: unknown[] = []
    const result = await runTurn(
      rig.options(turnId, `Hello ${secret}`, {
        session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
        asks: () => ({ action: 'allow', rule: 'edits' }),
        artifacts: {
          collect: async ({ tools }) => {
            collected.push(...tools)
            return { kept: [secret], dropped: [secret, secret] }
          },
        },
        traceContext: () => traceparent,
      }),
    )
    expect(result.status).to.equal('completed')
    expect(JSON.stringify(seen)).not.to.include(secret)
    expect(seen.filter(({ event }) => event === 'error')).to.deep.equal([])

    const conversationId = rig.rows.conversationId
    const [claim] = ended('claim')
    expect(claim).to.deep.equal({ turnId, conversationId, owner: 'worker-1', outcome: 'claimed' })
    const [turn] = ended('turn')
    expect(turn).to.include({ status: 'completed', ending: 'answered', reruns: 0 })
    expect(turn).to.include({ traceparent, isResumed: false, fence: 1 })
    expect(turn?.['timeToFirstTokenMs']).to.be.a('number')
    const [session] = ended('session')
    expect(session).to.include({ outcome: 'created', sessionId: turn?.['sessionId'] })
    const tools = new Map(ended('tool').map((each) => [each['tool'], each]))
    expect([...tools.keys()]).to.have.members(['write', 'bash', 'task'])
    expect([...tools.values()].map(({ status }) => status)).to.deep.equal(
      Array(3).fill('completed'),
    )
    const [agent] = ended('agent')
    expect(agent).to.include({ name: 'explore', steps: 2 })
    expect(agent).to.have.nested.property('tool.callId', tools.get('task')?.['callId'])
    expect(tools.get('bash')).to.have.nested.property('agent.sessionId', agent?.['sessionId'])
    const steps = ended('step')
    const finishes = (ofAgent: boolean): unknown[] =>
      steps.filter((each) => (each['agent'] !== null) === ofAgent).map(({ finish }) => finish)
    expect(finishes(true)).to.deep.equal(['tool-calls', 'stop'])
    expect(finishes(false)).to.deep.equal(['tool-calls', 'stop'])
    const cost = steps.reduce((sum, each) => sum + Number(each['cost']), 0)
    expect(cost).to.be.closeTo(Number(turn?.['cost']), 1e-9)
    const [ask] = ended('ask')
    expect(ask).to.include({ kind: 'permission', permission: 'edit', outcome: 'answered' })
    expect(ask).to.include({
      decidedBy: 'policy',
      rule: 'edits',
      callId: tools.get('write')?.['callId'],
    })
    expect(ended('settle')[0]).to.include({ status: 'completed', isWritten: true })
    expect(ended('artifact')[0]).to.include({ tools: collected.length, kept: 1, dropped: 2 })
  })

  it('begin and end each operation once, with one object', async () => {
    subscribe()
    await runTurn(rig.options(turnId, 'Hello'))
    for (const name of Object.keys(channels) as Name[]) {
      const count = (event: string): number =>
        seen.filter((each) => each.name === name && each.event === event).length
      expect(count('start'), name).to.equal(count('asyncEnd'))
    }
    expect(ended('tool')).to.have.length(3)
  })

  it('are not written to, and the reply is not observed, while no one listens', async () => {
    const { hasSubscribers } = channels.turn
    expect(hasSubscribers).to.equal(false)
    const result = await runTurn(
      rig.options(turnId, 'Hello', { onReply: () => subscribe(['step', 'tool', 'agent', 'ask']) }),
    )
    expect(result.status).to.equal('completed')
    expect(seen).to.deep.equal([])
  })

  it('name why a turn failed by codes and names, without the words', async () => {
    const failing = tool.bash({ command: secret }, { error: secret })
    const failure = providerError({ status: 400, message: secret })
    rig.impostor.answer(on('Fail', reply(failing, failure)))
    subscribe()
    const result = await runTurn(rig.options(turnId, 'Fail'))
    expect(result).to.have.nested.property('error.code', 'provider_refused')
    expect(ended('turn')[0]).to.include({ status: 'failed', ending: 'provider_refused' })
    expect(ended('turn')[0]).to.include({ errorCode: 'provider_refused' })
    expect(ended('tool')[0]).to.include({ status: 'error', errorCode: 'tool_error' })
    expect(ended('step').at(-1)).to.include({ errorCode: 'APIError' })
    expect(JSON.stringify(seen)).not.to.include(secret)
  })

  it('end what is open when the turn is stopped', async () => {
    rig.impostor.answer(on('Wait', reply(tool.bash({ command: 'x' }, { gate: 'never' }))))
    subscribe()
    const stop = new AbortController()
    await runTurn(
      rig.options(turnId, 'Wait', {
        cancelSignal: stop.signal,
        onReply: observing({ toolProgressed: () => stop.abort() }),
      }),
    )
    expect(ended('turn')[0]).to.include({ status: 'cancelled', ending: 'cancelled' })
    expect(ended('tool')).to.have.length(1)
    expect(ended('step')[0]).to.have.property('errorCode')
  })

  it('tell of a turn that is left to another worker, and of the one that goes on with it', async () => {
    rig.impostor.answer(on('Long', reply(text('One. '), gate('rest'), text('Two.'))))
    subscribe()
    const leaving = new AbortController()
    await runTurn(
      rig.options(turnId, 'Long', {
        signal: leaving.signal,
        onReply: observing({ textDelta: () => leaving.abort() }),
        traceContext: () => traceparent,
      }),
    )
    expect(ended('turn')[0]).to.include({ status: 'skipped', ending: 'handed_off', traceparent })
    expect(ended('step')[0]).to.include({ errorCode: 'interrupted' })
    rig.impostor.gate('rest').open()
    await runTurn(
      rig.options(turnId, 'Long', { traceContext: () => traceparent.replace('0af7', 'ffff') }),
    )
    expect(ended('turn')[1]).to.include({ status: 'completed', isResumed: true, traceparent })
  })

  it('say that a claim was refused', async () => {
    await runTurn(rig.options(turnId, 'Hello'))
    subscribe()
    await runTurn(rig.options(turnId, 'Hello'))
    expect(ended('claim')[0]).to.include({ outcome: 'settled' })
    expect(ended('turn')).to.deep.equal([])
  })

  it('harm no turn by a subscriber that throws: Node reports it as an uncaught exception', async () => {
    const thrown: unknown[] = []
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => void thrown.push(error))
    const onStart = (): void => {
      throw new Error('subscriber bug')
    }
    for (const name of Object.keys(channels) as Name[]) channels[name].start.subscribe(onStart)
    try {
      const result = await runTurn(rig.options(turnId, 'Hello'))
      expect(result.status).to.equal('completed')
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      for (const name of Object.keys(channels) as Name[]) channels[name].start.unsubscribe(onStart)
      process.removeAllListeners('uncaughtException')
      for (const other of others) process.on('uncaughtException', other)
    }
    expect(thrown.length).to.be.greaterThan(5)
  })
})
