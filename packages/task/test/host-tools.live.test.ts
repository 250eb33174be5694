import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { on, reply, type ScriptedModel, startScriptedModel, text, tool } from '@turnstead/testkit'
import {
  findOpencodeBinary,
  type RunningOpencode,
  startOpencode,
} from '@turnstead/testkit/opencode'
import { type Client, createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { z } from 'zod'
import { type HostToolCall, hostTool, opencodeTask } from '../src/index.js'
import { serverNameOf } from '../src/host-tools/offer.js'
import { execute, lastOf } from './support/rig.js'

const binary = findOpencodeBinary()

describe('host tools on the real opencode serve', function () {
  this.timeout(120_000)
  let model: ScriptedModel
  let server: RunningOpencode
  let client: Client

  before(async function () {
    if (binary === null) {
      console.warn('SKIPPED, the real server is not tested: no opencode binary for this platform.')
      this.skip()
    }
    model = await startScriptedModel([])
    server = await startOpencode({ model })
    const { url: baseUrl, username, password, directory } = server
    client = createClient({ baseUrl, username, password, directory })
  })

  after(async () => {
    await client?.close()
    await server?.close()
    await model?.close()
  })

  const open = (scope: string, calls: HostToolCall[], needsApproval = false) =>
    opencodeTask({
      client,
      scope,
      asks: { rules: [{ permission: 'host_*', action: 'allow' }] },
      hostTools: {
        weather: hostTool({
          description: 'The weather of a city',
          needsApproval,
          inputSchema: z.object({ city: z.string() }),
          execute: ({ city }, call) => {
            calls.push(call)
            return `${city} for ${call.scope}`
          },
        }),
      },
    })
  const weather = (scope: string, city: string) =>
    tool.call(`${serverNameOf(scope)}_weather`, { city })
  const offered = (prompt: string): readonly string[] =>
    model.requests.entries.find((request) => request.prompt === prompt)?.tools ?? []

  it('are called once for each call of the agent, the same twice included, and are gone after the run', async () => {
    const prompt = 'Ask the host'
    const twice = [weather('chat-1', 'Oslo'), weather('chat-1', 'Oslo')]
    model.answer(on(prompt, reply(...twice, weather('chat-1', 'Rome'), text('All told.'))))
    const calls: HostToolCall[] = []
    const last = await lastOf(execute(open('chat-1', calls), { prompt }))
    expect(last).to.include({ status: 'complete', summary: 'All told.' })
    expect(calls).to.have.length(3)
    expect(new Set(calls.map(({ callKey }) => callKey)).size).to.equal(3)
    expect(JSON.stringify(last)).to.contain('Rome for chat-1')
    expect(await client.mcp.status()).to.deep.include({
      [serverNameOf('chat-1')]: { status: 'disabled' },
    })
  })

  it('run only for the chat whose agent calls, though both work in one directory', async () => {
    const [mine, theirs] = ['Mine of two', 'Theirs of two']
    // The other one's tool is called, too, as a model might that has seen its name.
    const steal = weather('chat-1', 'Paris')
    model.answer(on(mine, reply(weather('chat-1', 'Paris'), text('Mine is told.'))))
    model.answer(on(theirs, reply(steal, weather('chat-2', 'Paris'), text('Theirs is told.'))))
    const ofMine: HostToolCall[] = []
    const ofTheirs: HostToolCall[] = []
    const [one, two] = await Promise.all([
      lastOf(execute(open('chat-1', ofMine), { prompt: mine }, { toolCallId: 'a' })),
      lastOf(execute(open('chat-2', ofTheirs), { prompt: theirs }, { toolCallId: 'b' })),
    ])
    expect(one.summary).to.equal('Mine is told.')
    expect(two.summary).to.equal('Theirs is told.')
    expect(ofMine.map(({ toolCallId, sessionId }) => [toolCallId, sessionId])).to.deep.equal([
      ['a', one.sessionId],
    ])
    expect(ofTheirs.map(({ toolCallId, sessionId }) => [toolCallId, sessionId])).to.deep.equal([
      ['b', two.sessionId],
    ])
    expect(JSON.stringify(two)).not.to.contain('for chat-1')
    const names = offered(theirs).filter((name) => name.startsWith('host_'))
    expect(names).to.deep.equal([`${serverNameOf('chat-2')}_weather`])
  })

  it('serve two directories of one chat at once, whose requests have the same ids', async () => {
    const other = await mkdtemp(join(tmpdir(), 'turnstead-task-'))
    let begin: () => void = () => undefined
    const begun = new Promise<void>((resolve) => (begin = resolve))
    let first: () => void = () => undefined
    const started = new Promise<void>((resolve) => (first = resolve))
    let answer: () => void = () => undefined
    const answered = new Promise<void>((resolve) => (answer = resolve))
    const prompts = { slow: 'Wait for the host', quick: 'Ask the host quickly' }
    model.answer(on(prompts.slow, reply(weather('chat-5', 'Oslo'), text('Waited.'))))
    model.answer(on(prompts.quick, reply(weather('chat-5', 'Rome'), text('Asked.'))))
    const open = (of: Client) =>
      opencodeTask({
        client: of,
        scope: 'chat-5',
        hostTools: {
          weather: hostTool({
            inputSchema: z.object({ city: z.string() }),
            async execute({ city }, { signal }) {
              if (city === 'Rome') {
                first()
                await begun
                return city
              }
              begin()
              await answered
              return signal.aborted ? 'stopped' : city
            },
          }),
        },
      })
    const elsewhere = { ...client, ...client.withScope({ directory: other }) }
    const two = lastOf(execute(open(elsewhere), { prompt: prompts.quick }))
    await started
    const one = lastOf(execute(open(client), { prompt: prompts.slow }))
    // After its answer the server says that it does not wait for it any more.
    expect((await two).summary).to.equal('Asked.')
    answer()
    expect(JSON.stringify((await one).messages))
      .to.contain('"Oslo"')
      .and.not.contain('stopped')
    await rm(other, { recursive: true })
  })

  it('are those of now in a session that was begun without', async () => {
    const prompts = { first: 'Begin without', later: 'Go on with them' }
    model.answer(on(prompts.first, reply(text('Begun.'))))
    model.answer(on(prompts.later, reply(weather('chat-6', 'Oslo'), text('All told.'))))
    const plain = opencodeTask({ client, scope: 'chat-6' })
    const { sessionId } = await lastOf(execute(plain, { prompt: prompts.first }))
    const calls: HostToolCall[] = []
    const task = open('chat-6', calls, true)
    const more = { prompt: prompts.later, sessionId: String(sessionId) }
    const last = await lastOf(execute(task, more))
    expect(last).to.include({ status: 'complete', summary: 'All told.' })
    expect(last.asks.map(({ state }) => state)).to.deep.equal(['answered'])
    expect(calls).to.have.length(1)
  })

  it('wait for approval, and are not given to sub-agents', async () => {
    const prompt = 'Ask with approval'
    const below = reply(weather('chat-3', 'Below'), text('Below.'))
    const task = tool.task({ description: 'Below', prompt: 'Ask the host below' }, below)
    model.answer(on(prompt, reply(weather('chat-3', 'Bonn'), task, text('Told.'))))
    const calls: HostToolCall[] = []
    const last = await lastOf(execute(open('chat-3', calls, true), { prompt }))
    expect(last).to.include({ status: 'complete', summary: 'Told.' })
    expect(last.asks.map(({ kind, state }) => [kind, state])).to.deep.equal([
      ['permission', 'answered'],
    ])
    expect(calls).to.have.length(1)
    expect(offered('Ask the host below').filter((name) => name.startsWith('host_'))).to.deep.equal(
      [],
    )
  })

  it('have an address that the server tells no one', async () => {
    const prompt = 'Look for the address'
    const look = tool.bash({
      command: `env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; curl -s -u "$OPENCODE_SERVER_USERNAME:$OPENCODE_SERVER_PASSWORD" ${server.url}/config ${server.url}/mcp; grep -rs 127.0.0.1 "$HOME" "$XDG_DATA_HOME" "$XDG_STATE_HOME" "$XDG_CONFIG_HOME" | head -c 20000`,
    })
    const calls: HostToolCall[] = []
    let address = ''
    const mcp: typeof client.mcp = {
      ...client.mcp,
      add: async (added, options) => {
        address = 'url' in added.config ? added.config.url : ''
        return await client.mcp.add(added, options)
      },
    }
    model.answer(on(prompt, reply(weather('chat-4', 'Oslo'), look, text('Looked.'))))
    const task = opencodeTask({
      client: { ...client, mcp },
      scope: 'chat-4',
      asks: { rules: [], default: 'allow' },
      hostTools: {
        weather: hostTool({
          inputSchema: z.object({ city: z.string() }),
          execute: (_input, call) => void calls.push(call),
        }),
      },
    })
    const last = await lastOf(execute(task, { prompt }))
    expect(last.summary).to.equal('Looked.')
    expect(calls).to.have.length(1)
    const secret = address.slice(address.lastIndexOf('/') + 1)
    expect(secret).to.have.length(43)
    expect(JSON.stringify(last)).to.contain('OPENCODE_SERVER_PASSWORD').and.not.contain(secret)
  })

  it('are there again when the server was killed in one of them and is started anew', async () => {
    const prompt = 'Ask while the server dies'
    const after = weather('chat-5', 'Rome')
    // The model goes on behind the call that was interrupted.
    const script = reply(weather('chat-5', 'Oslo'), text('Next.'), after, text('All told.'))
    model.answer(on(prompt, script))
    const calls: HostToolCall[] = []
    let isKilled = false
    const gone: string[] = []
    const task = opencodeTask({
      client,
      scope: 'chat-5',
      turn: { timing: { pollMs: 500 } },
      hostTools: {
        weather: hostTool({
          inputSchema: z.object({ city: z.string() }),
          async execute({ city }, call) {
            calls.push(call)
            if (isKilled) return `${city} again`
            isKilled = true
            await server.restart()
            gone.push(String(call.signal.reason))
            return `${city} for no one`
          },
        }),
      },
    })
    const last = await lastOf(execute(task, { prompt }))
    expect(last).to.include({ status: 'complete', summary: 'All told.' })
    expect(JSON.stringify(last)).to.contain('Rome again')
    expect(JSON.stringify(last)).not.to.contain('for no one')
    expect(calls).to.have.length(2)
    expect(gone).to.deep.equal(['AbortError: The server has gone.'])
    const asked = model.requests.entries.filter((request) => request.prompt === prompt)
    expect(
      asked.every(({ tools }) => tools.includes(`${serverNameOf('chat-5')}_weather`)),
    ).to.equal(true)
  })
})
