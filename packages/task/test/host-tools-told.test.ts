import { reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { z } from 'zod'
import { afterEach, describe, it } from 'mocha'
import { opencodeTask } from '../src/index.js'
import { systemClock } from '../src/clock.js'
import type { Listener } from '../src/host-tools/listener.js'
import { offerTools, serverNameOf } from '../src/host-tools/offer.js'
import { calling, open, scope, start, weather } from './support/host-tools.js'
import { mcpCaller } from './support/mcp-caller.js'
import { execute, lastOf, type Rig } from './support/rig.js'

describe('host tools that a server is told of', () => {
  let rig: Rig
  afterEach(() => rig[Symbol.asyncDispose]())

  it('are told again to a server that was started anew', async () => {
    rig = await open(calling('weather', { city: 'Oslo' }, 'called'))
    const caller = mcpCaller(rig.client)
    const running = start(caller, weather([]))
    await rig.impostor.gate('called').reached()
    rig.impostor.streams.end()
    while (caller.added.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(caller.added[1]).to.deep.equal(caller.added[0])
    expect((await caller.call('weather', { city: 'Oslo' })).isError).to.equal(false)
    rig.impostor.gate('called').open()
    expect((await running).status).to.equal('complete')
  })

  it('are not told again to a server that knows them, since that would break their calls', async () => {
    rig = await open(calling('weather', { city: 'Oslo' }, 'called'))
    const caller = mcpCaller(rig.client)
    let asked = 0
    const status = async (): Promise<unknown> => {
      asked += 1
      return { [serverNameOf(scope)]: { status: 'connected' } }
    }
    const client = {
      ...caller.client,
      mcp: { ...caller.client.mcp, status } as typeof rig.client.mcp,
    }
    const running = start({ ...caller, client }, weather([]))
    await rig.impostor.gate('called').reached()
    rig.impostor.streams.end()
    while (asked === 0) await new Promise((resolve) => setImmediate(resolve))
    expect((await caller.call('weather', { city: 'Oslo' })).isError).to.equal(false)
    rig.impostor.gate('called').open()
    await running
    expect(caller.added).to.have.length(1)
  })

  it('fail the run, which may be tried again, when the server cannot reach them', async () => {
    rig = await open(reply(text('It is done.')))
    const { client } = mcpCaller(rig.client)
    const add = async () => ({ [serverNameOf(scope)]: { status: 'failed', error: 'no route' } })
    const away = { ...client, mcp: { ...client.mcp, add } }
    const reports: string[] = []
    const onError = (error: unknown) => void reports.push(String(error))
    const task = opencodeTask({
      client: away as never,
      scope,
      hostTools: weather([]),
      turn: { onError },
    })
    const last = await lastOf(execute(task, { prompt: 'Go' }))
    expect(last.error).to.include({ code: 'server_unreachable', retryable: true })
    expect(reports[0]).to.contain('could not connect to the host tools')
    expect(await rig.userMessages()).to.equal(0)
  })

  it('fail a run that is gone on with where their address is closed, though the server knows them', async () => {
    rig = await open([])
    const caller = mcpCaller(rig.client)
    caller.states[serverNameOf(scope)] = { status: 'connected' }
    const run = {
      tools: weather([]),
      scope,
      toolCallId: 'call-1',
      claimed: new Map<string, boolean>(),
      claimsFrom: 0,
      source: () => null,
      clock: systemClock,
      signal: new AbortController().signal,
      onError: () => undefined,
    }
    const closed: Listener = {
      settlesInMs: () => 0,
      open: async () => await Promise.reject(new Error('the door was closed')),
    }
    const options = { mcp: caller.client.mcp, listener: closed, isTakenOver: true }
    const error = await offerTools(run, options).catch((thrown: unknown) => thrown)
    expect(String(error)).to.contain('the door was closed')
    expect(caller.disconnected).to.deep.equal([])
  })

  it('are refused at the door without a scope, or with names that are none', async () => {
    rig = await open([])
    const { client } = rig
    expect(() => opencodeTask({ client, hostTools: weather([]) })).to.throw(TypeError, 'scope')
    const { weather: one } = weather([])
    if (one === undefined) throw new Error('no tool')
    const hostTools = { 'with space': one }
    expect(() => opencodeTask({ client, scope, hostTools })).to.throw(TypeError, 'with space')
  })
  it('are refused where one would be a tool that no one has to approve, or could not be described', async () => {
    rig = await open([])
    const { client } = rig
    const tool = { inputSchema: z.object({}), execute: () => 'done' }
    const refused: readonly [object, string][] = [
      [{ ...tool, needApproval: true }, 'needApproval'],
      [{ ...tool, needsApproval: () => true }, '`needsApproval` of pay must be true or false'],
      [{ ...tool, inputSchema: { type: 'object', properties: {} } }, '`inputSchema` of pay'],
      [{ execute: () => 'done' }, 'no `inputSchema`'],
    ]
    for (const [each, words] of refused) {
      const hostTools = { pay: each as never }
      expect(() => opencodeTask({ client, scope, hostTools }), words).to.throw(TypeError, words)
    }
  })
})
