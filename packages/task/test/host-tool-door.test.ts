import { open } from 'node:fs/promises'
import { createManualClock, reply, text, tool } from '@turnstead/testkit'
import { createMemoryStore } from '@turnstead/turn'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { z } from 'zod'
import {
  type HostToolCall,
  type HostToolDoor,
  type HostToolDoorOptions,
  hostTool,
  openHostToolDoor,
  opencodeTask,
  TaskError,
  type TaskRows,
} from '../src/index.js'
import { serverNameOf } from '../src/host-tools/offer.js'
import { lastingCall } from './support/lasting-call.js'
import { mcpCaller, type McpCaller } from './support/mcp-caller.js'
import { execute, lastOf, openRig, type Rig } from './support/rig.js'

describe('a door of host tools', () => {
  const scope = 'chat-1'
  const name = serverNameOf(scope)
  const secret = 's'.repeat(32)
  const oslo = { tool: 'weather', input: { city: 'Oslo' } }
  let rig: Rig
  let caller: McpCaller
  let doors: HostToolDoor[]
  let calls: HostToolCall[]

  const openDoor = async (more: Partial<HostToolDoorOptions> = {}): Promise<HostToolDoor> => {
    const door = await openHostToolDoor({ port: 0, secret, reconnectMs: 1, waitMs: 5_000, ...more })
    doors.push(door)
    return door
  }
  /** The agent makes this many calls at once, which end when the test opens their gate. */
  const calling = (times: number) => {
    const call = tool.call(`${name}_weather`, oslo.input, { gate: 'called', output: '-' })
    return reply(...Array.from({ length: times }, () => call), text('It is done.'))
  }
  const setUp = async (times = 1): Promise<void> => {
    rig = await openRig(calling(times), { tools: [`${name}_weather`] })
    caller = mcpCaller(rig.client)
  }

  beforeEach(() => {
    doors = []
    calls = []
  })
  afterEach(async () => {
    await Promise.all(doors.map(async (door) => await door.close()))
    await rig?.[Symbol.asyncDispose]()
  })

  const start = (
    hostToolDoor: HostToolDoor,
    more: {
      readonly answer?: (call: HostToolCall) => unknown
      readonly rows?: TaskRows
      readonly signal?: AbortSignal
      /** The run shows a call that is under way. */
      readonly onCalling?: () => void
    } = {},
  ) => {
    const { answer = () => 'clear', onCalling = () => undefined, ...options } = more
    const task = opencodeTask({
      client: caller.client,
      scope,
      intervalMs: 10,
      hostToolDoor,
      turn: { timing: { leaseMs: 300, pollMs: 20, graceMs: 60, snapshotMs: 10 } },
      ...options,
      hostTools: {
        weather: hostTool({
          inputSchema: z.object({ city: z.string() }),
          execute: async (_input, call) => {
            calls.push(call)
            return await answer(call)
          },
        }),
      },
    })
    async function* watched() {
      for await (const output of execute(task, { prompt: 'Go' })) {
        if (JSON.stringify(output).includes('"input-available"')) onCalling()
        yield output
      }
    }
    return lastOf(watched())
  }
  const finish = async (running: Promise<unknown>): Promise<void> => {
    rig.impostor.gate('called').open()
    await running
  }
  const urlAt = ({ port }: HostToolDoor): string => {
    const url = new URL(caller.added.at(-1)?.url ?? '')
    url.port = String(port)
    return url.href
  }

  it('has the same address in every process with its secret, and none without', async () => {
    await setUp()
    const [one, other] = [await openDoor(), await openDoor({ secret: 't'.repeat(32) })]
    const running = start(one)
    await rig.impostor.gate('called').reached()
    const url = urlAt(one)
    expect(url).to.match(new RegExp(`^http://127.0.0.1:${one.port}/${name}/[\\w-]{43}$`))
    const statusOf = async (at: string, init: RequestInit = { method: 'POST', body: '{}' }) =>
      (await fetch(at, init)).status
    expect(await statusOf(urlAt(other))).to.equal(404)
    expect(await statusOf(`${url}x`)).to.equal(404)
    expect(await statusOf(url.replace(name, 'host_00000000'))).to.equal(404)
    expect(await statusOf(url, { method: 'GET' })).to.equal(405)
    expect(await statusOf(url, { method: 'GET', headers: { 'last-event-id': 'e30' } })).to.equal(
      405,
    )
    const ofPage = { method: 'POST', body: '{}', headers: { origin: 'http://evil.example' } }
    expect(await statusOf(url, ofPage)).to.equal(403)
    expect(await statusOf(url, { method: 'POST', body: 'x'.repeat(1_100_000) })).to.equal(413)
    expect((await caller.request('tools/list')).body.result?.['tools']).to.have.length(1)
    expect(await lastingCall(url, oslo).answer).to.deep.equal({ text: 'clear', isError: false })
    await finish(running)
    expect(caller.disconnected).to.deep.equal([name])
  })

  it('lets a call wait for its run, and go on over another connection', async () => {
    await setUp()
    const door = await openDoor()
    // What the process before has told the server.
    await finish(start(door))
    const url = urlAt(door)
    await rig[Symbol.asyncDispose]()
    await setUp()
    const early = lastingCall(url, oslo)
    const ticket = await early.id(1)
    early.cut()
    const running = start(door)
    const again = lastingCall(url, ticket)
    await rig.impostor.gate('called').reached()
    expect(await again.answer).to.deep.equal({ text: 'clear', isError: false })
    expect(calls).to.have.length(1)
    await finish(running)
  })

  it('gives the answer to whoever comes back for it, and carries the call out once', async () => {
    await setUp()
    const door = await openDoor()
    let answer: (text: string) => void = () => undefined
    const answered = new Promise<string>((resolve) => (answer = resolve))
    const running = start(door, { answer: () => answered })
    await rig.impostor.gate('called').reached()
    const first = lastingCall(urlAt(door), oslo)
    const ticket = await first.id(2)
    first.cut()
    const second = lastingCall(urlAt(door), ticket)
    expect(await second.status).to.equal(200)
    answer('late')
    expect(await second.answer).to.deep.equal({ text: 'late', isError: false })
    expect(calls).to.have.length(1)
    expect(calls[0]?.signal.aborted).to.equal(false)
    await finish(running)
  })

  it('carries nothing out again that a process may have done that died in it, and the next call once', async () => {
    await setUp(2)
    const [dead, next] = [await openDoor({ waitMs: 50 }), await openDoor()]
    const store = createMemoryStore()
    const ids = { turnId: 'call-1', conversationId: 'call-1' }
    store.addTurn(ids)
    const rows: TaskRows = { store, find: async () => ids }
    const leave = new AbortController()
    const first = start(dead, {
      rows,
      signal: leave.signal,
      answer: () => new Promise(() => undefined),
    })
    await rig.impostor.gate('called').reached()
    const begun = lastingCall(urlAt(dead), oslo)
    const ticket = await begun.id(2)
    begun.cut()
    leave.abort()
    expect(TaskError.is(await first.catch((error: unknown) => error))).to.equal(true)
    const [doneByDead] = calls.splice(0)

    caller.states[name] = { status: 'connected' }
    // The same call, made while no process was there: it must not be taken for the one that was begun.
    const other = lastingCall(urlAt(next), { ...oslo, id: 2 })
    await other.id(1)
    let show: () => void = () => undefined
    const shown = new Promise<void>((resolve) => (show = resolve))
    const second = start(next, { rows, onCalling: show })
    await shown
    const back = await lastingCall(urlAt(next), ticket).answer
    expect(back).to.include({ isError: true })
    expect(back?.text).to.contain('may have been done')
    expect(await other.answer).to.deep.equal({ text: 'clear', isError: false })
    expect(calls).to.have.length(1)
    expect(calls[0]?.callKey).not.to.equal(doneByDead?.callKey)
    // The server knows the address: telling it again would have broken both.
    expect(caller.added).to.have.length(1)
    expect(caller.disconnected).to.deep.equal([])
    await finish(second)
    expect(caller.disconnected).to.deep.equal([name])
  })

  it('leaves waiting calls to the next process when it is closed, and answers those under way', async () => {
    await setUp()
    const door = await openDoor()
    let answer: (text: string) => void = () => undefined
    const answered = new Promise<string>((resolve) => (answer = resolve))
    const running = start(door, { answer: () => answered })
    await rig.impostor.gate('called').reached()
    const call = lastingCall(urlAt(door), oslo)
    await call.id(2)
    const stray = lastingCall(urlAt(door), { tool: 'weather', input: { city: 'Rome' }, id: 2 })
    await stray.id(1)
    const closed = door.close()
    expect(await stray.answer).to.equal(null)
    answer('in time')
    expect(await call.answer).to.deep.equal({ text: 'in time', isError: false })
    await closed
    await finish(running)
  })

  it('tells a call without a run so, after `waitMs`', async () => {
    await setUp()
    const clock = createManualClock()
    const door = await openDoor({ clock, waitMs: 60_000 })
    await finish(start(door))
    const call = lastingCall(urlAt(door), oslo)
    await clock.untilPending(2)
    await clock.advance(60_000)
    expect((await call.answer)?.text).to.contain('No agent of this conversation')
  })

  it('refuses what makes no sense', async () => {
    await setUp()
    const codeOf = async (options: object): Promise<string> =>
      await openHostToolDoor(options as HostToolDoorOptions).then(
        () => 'opened',
        (error: Error) => `${error.name}: ${error.message}`,
      )
    expect(await codeOf({ port: 0, secret: 'short' })).to.contain('TypeError: `secret`')
    expect(await codeOf({ secret })).to.contain('`port` and `fd`')
    expect(await codeOf({ port: 0, fd: 3, secret })).to.contain('`port` and `fd`')
    expect(await codeOf({ port: 0, secret, waitMs: 0 })).to.contain('RangeError: `waitMs`')
    expect(await codeOf({ port: 0, secret, host: '0.0.0.0' })).to.contain('"host"')
    const file = await open(import.meta.filename)
    expect(await codeOf({ fd: file.fd, secret })).to.contain(
      'TypeError: `fd` is no listening socket',
    )
    await file.close()
    const { port } = await openDoor()
    expect(await codeOf({ port, secret })).to.contain('EADDRINUSE')
    const give = () => opencodeTask({ client: rig.client, hostToolDoor: {} as HostToolDoor })
    expect(give).to.throw(TypeError, 'openHostToolDoor')
  })
})
