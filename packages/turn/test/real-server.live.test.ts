import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { gate, on, reply, type ScriptedModel, text, tool, usage } from '@turnstead/testkit'
import type { RunningOpencode } from '@turnstead/testkit/opencode'
import type { Client } from '@turnstead/wire'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { runTurn, type StandardSchema } from '../src/index.js'
import { observing } from './support/rig.js'
import { openRealServer, type RealServer } from './support/real-server.js'
import { openRows, type Rows } from './support/rows.js'
import type { WorkerTask } from './support/worker.js'

describe('runTurn on the real opencode serve', function () {
  this.timeout(120_000)
  let real: RealServer
  let model: ScriptedModel
  let server: RunningOpencode
  let client: Client
  let rows: Rows

  before(async function () {
    const below = { general: { permission: { edit: 'ask' } } }
    real = await openRealServer(this, { config: { agent: below } })
    ;({ model, server, client } = real)
    rows = await openRows()
  })

  after(async () => {
    await real?.[Symbol.asyncDispose]()
    await rows?.close()
  })

  const turnOptions = (turnId: number, prompt: string) => ({
    client,
    store: rows.store,
    conversationId: rows.conversationId,
    turnId,
    prompt: { text: prompt },
    owner: 'worker-1',
  })

  /** How often the model was asked for this prompt; every request repeats the conversation, the last user text counts. */
  const asked = (prompt: string): number =>
    model.requests.filter((request) => request.prompt === prompt).length

  const userMessages = async (prompt: string): Promise<number> => {
    const messages = await client.session.messages(await sessionId())
    return messages.filter(
      ({ info, parts }) =>
        info.role === 'user' && parts.some((part) => part.type === 'text' && part.text === prompt),
    ).length
  }

  const sessionId = async (): Promise<string> => {
    const turn = await rows.store.read(1)
    return turn?.prompt?.sessionId ?? ''
  }

  it('settles the row with text, cost and tokens, and streams on the way', async () => {
    model.answer(
      on(
        'Say hello',
        reply(usage({ input: 120, output: 30 }), text('Hello, this is the whole answer.')),
      ),
    )
    const turnId = await rows.addMessage()
    const deltas: string[] = []
    const result = await runTurn({
      ...turnOptions(turnId, 'Say hello'),
      onReply: observing({ textDelta: ({ delta }) => void deltas.push(delta) }),
    })
    expect(result).to.include({ status: 'completed', finish: 'stop' })
    expect(deltas.join('')).to.equal('Hello, this is the whole answer.')
    const row = await rows.row(turnId)
    expect(row).to.include({ status: 'completed', text: 'Hello, this is the whole answer.' })
    expect(Number(row['input_tokens'])).to.be.greaterThan(0)
    expect(Number(row['output_tokens'])).to.be.greaterThan(0)
    expect(Number(row['cost'])).to.be.greaterThan(0)
  })

  it('gives an answer in the form that was asked for, checked and typed', async () => {
    const prompt = 'Which city?'
    const call = tool.call('StructuredOutput', { city: 'Oslo' })
    model.answer(on(prompt, reply(call)))
    // Its own conversation: the server cannot list a session with such a message in one piece, and the other tests do.
    const own = await openRows()
    const inOwn = (turnId: number, text: string) => ({
      ...turnOptions(turnId, text),
      store: own.store,
      conversationId: own.conversationId,
    })
    const turnId = await own.addMessage()
    const schema: StandardSchema<{ readonly city: string }> = {
      '~standard': {
        version: 1,
        vendor: 'of this test',
        validate: (value) => {
          const { city } = (value ?? {}) as { readonly city?: unknown }
          return typeof city === 'string'
            ? { value: { city } }
            : { issues: [{ message: 'no city' }] }
        },
      },
    }
    const jsonSchema = {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    }
    const result = await runTurn({ ...inOwn(turnId, prompt), output: { schema, jsonSchema } })
    expect(result).to.include({ status: 'completed', ending: 'structured' })
    if (result.status !== 'completed') return
    const { city } = result.output
    expect(city).to.equal('Oslo')
    expect((await own.store.read(turnId))?.reason).to.equal('structured')

    const next = 'And in words?'
    model.answer(on(next, reply(text('Oslo, in words.'))))
    const after = await runTurn(inOwn(await own.addMessage(), next))
    expect(after).to.include({ status: 'completed', ending: 'answered' })
    await own.close()
  })

  it('goes on after a SIGKILL of the worker: one prompt, one run, the whole reply', async () => {
    const prompt = 'Survive the worker'
    model.answer(on(prompt, reply(text('First half. '), gate('middle'), text('Second half.'))))
    const turnId = await rows.addMessage()
    const task: WorkerTask = {
      url: server.url,
      username: server.username,
      password: server.password,
      directory: server.directory,
      filename: sqliteFile(rows),
      conversationId: rows.conversationId,
      turnId,
      text: prompt,
    }
    const first = startWorker(task)
    await firstLine(first, (line) => line === 'delta')
    first.kill('SIGKILL')
    await once(first, 'exit')
    expect((await rows.store.read(turnId))?.status).to.equal('running')

    const second = startWorker(task)
    model.gate('middle').open()
    const line = await firstLine(second, (one) => one.startsWith('{'))
    expect(JSON.parse(line)).to.deep.equal({ status: 'completed' })
    await once(second, 'exit')

    expect(await rows.row(turnId)).to.include({
      status: 'completed',
      text: 'First half. Second half.',
    })
    expect(asked(prompt)).to.equal(1)
    expect(await userMessages(prompt)).to.equal(1)
  })

  it('runs the prompt again when the server was killed and the policy says so', async () => {
    const prompt = 'Survive the server'
    model.answer(on(prompt, reply(text('Seen before the crash. '), gate('crash'), text('End.'))))
    const turnId = await rows.addMessage()
    let seenOnce: () => void = () => undefined
    const seen = new Promise<void>((resolve) => (seenOnce = resolve))
    const running = runTurn({
      ...turnOptions(turnId, prompt),
      timing: { graceMs: 1_000 },
      budgets: { requestMs: 3_000 },
      onReply: (reply) => reply.observe({ textDelta: () => seenOnce() }),
    })
    await seen
    await server.kill('SIGKILL')
    model.gate('crash').open()
    await server.restart()
    const result = await running
    expect(result.status).to.equal('completed')
    expect(await rows.row(turnId)).to.include({
      status: 'completed',
      text: 'Seen before the crash. End.',
    })
    expect(asked(prompt)).to.equal(2)
    expect(await userMessages(prompt)).to.equal(1)
  })

  it('fails honestly after a crash of the server when the host says so, and keeps the text that was seen', async () => {
    const prompt = 'Do not ask again'
    model.answer(on(prompt, reply(text('Seen before the crash. '), gate('never'), text('End.'))))
    const turnId = await rows.addMessage()
    let seenOnce: () => void = () => undefined
    const seen = new Promise<void>((resolve) => (seenOnce = resolve))
    const running = runTurn({
      ...turnOptions(turnId, prompt),
      timing: { graceMs: 1_000 },
      budgets: { requestMs: 3_000 },
      recovery: { onServerLost: 'fail' },
      onReply: (reply) => reply.observe({ textDelta: () => seenOnce() }),
    })
    await seen
    await server.kill('SIGKILL')
    await server.restart()
    const result = await running
    expect(result).to.have.nested.property('error.code', 'server_lost_turn')
    const row = await rows.row(turnId)
    expect(row).to.include({ status: 'failed', error_code: 'server_lost_turn' })
    expect(row['text']).to.equal('Seen before the crash. ')
    expect(asked(prompt)).to.equal(1)

    model.answer(on('And now', reply(text('Works again.'))))
    const next = await rows.addMessage()
    const after = await runTurn(turnOptions(next, 'And now'))
    expect(after.status).to.equal('completed')
  })

  it('stops the agent on the server when a person stops the turn, and keeps the partial text', async () => {
    const prompt = 'Stop me'
    model.answer(on(prompt, reply(text('Partial. '), gate('stopped'), text('Never said.'))))
    const turnId = await rows.addMessage()
    const stop = new AbortController()
    const result = await runTurn({
      ...turnOptions(turnId, prompt),
      cancelSignal: stop.signal,
      onReply: (reply) => reply.observe({ textDelta: () => stop.abort() }),
    })
    expect(result).to.deep.include({
      status: 'cancelled',
      stop: { aborted: true, rejectedAsks: 0, asksClosed: true, idle: true },
    })
    const row = await rows.row(turnId)
    expect(row['status']).to.equal('cancelled')
    expect(String(row['text'])).to.match(/^Partial\./)
    expect(await client.session.status()).to.deep.equal({})
  })

  it('rejects a permission that is open when the turn is stopped, so that it cannot run later', async () => {
    const prompt = 'Ask before you write'
    model.answer(
      on(prompt, reply(tool.write({ filePath: 'late.txt', content: 'too late' }), text('Done.'))),
    )
    const other = await openRows()
    const turnId = await other.addMessage()
    const result = await runTurn({
      ...turnOptions(turnId, prompt),
      store: other.store,
      session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
      asks: () => ({ action: 'wait' }),
      budgets: { wallClockMs: Infinity, askMs: Infinity },
      cancelSignal: await stopWhenAsked(),
    })
    expect(result.status).to.equal('cancelled')
    expect(result).to.have.nested.property('stop.asksClosed', true)
    expect(await client.permission.list()).to.deep.equal([])
    await other.close()
  })

  it('stops an agent at once whose sub-agent waits for a person', async () => {
    const prompt = 'Have it written'
    const below = reply(tool.write({ filePath: 'below.txt', content: 'too late' }), text('.'))
    const task = tool.task({ description: 'Below', prompt: 'Write it' }, below)
    model.answer(on(prompt, reply(task, text('One step more.'))))
    const other = await openRows()
    const turnId = await other.addMessage()
    const stop = new AbortController()
    const result = await runTurn({
      ...turnOptions(turnId, prompt),
      store: other.store,
      asks: () => ({ action: 'wait' }),
      budgets: { wallClockMs: Infinity, askMs: Infinity },
      cancelSignal: stop.signal,
      onReply: (each) => each.observe({ askOpened: () => stop.abort() }),
    })
    expect(result).to.deep.include({
      status: 'cancelled',
      stop: { aborted: true, rejectedAsks: 1, asksClosed: true, idle: true },
    })
    expect((await other.row(turnId))['text']).to.not.include('One step more.')
    await other.close()
  })

  async function stopWhenAsked(): Promise<AbortSignal> {
    const stop = new AbortController()
    const events = client.events.subscribe()
    await events.ready
    void (async () => {
      for await (const event of events) {
        if (event.type === 'permission.asked') stop.abort()
        if (stop.signal.aborted) break
      }
    })()
    return stop.signal
  }
})

function sqliteFile(rows: Rows): string {
  return rows.database.url.replace(/^(sqlite|file):(\/\/)?/, '')
}

function startWorker(task: WorkerTask): ChildProcess {
  const script = fileURLToPath(new URL('support/worker.ts', import.meta.url))
  return spawn(
    process.execPath,
    ['--conditions=@turnstead/source', '--import=tsx', script, JSON.stringify(task)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
}

async function firstLine(child: ChildProcess, match: (line: string) => boolean): Promise<string> {
  if (child.stdout === null) throw new Error('the worker has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    if (match(line)) return line
  }
  throw new Error('the worker ended without the line that was waited for')
}
