import { gate, on, providerError, reply, text, tool, usage } from '@turnstead/testkit'
import { TurnError } from '@turnstead/turn'
import { WireError } from '@turnstead/wire'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import {
  isRunOutput,
  type OpenCodeRunOutput,
  opencodeTask,
  type OpenCodeTaskOptions,
} from '../src/index.js'
import { createTask } from '../src/opencode-task.js'
import { majors } from './support/majors.js'
import { all, execute, lastOf, openRig, type Rig } from './support/rig.js'

describe('opencodeTask', function () {
  let rig: Rig
  afterEach(() => rig[Symbol.asyncDispose]())

  const quick = { intervalMs: 10, turn: { timing: { pollMs: 40, graceMs: 120 } } } as const

  it('gives preliminary outputs, then what the agent did', async () => {
    rig = await openRig(
      reply(
        usage({ input: 120, output: 30 }),
        text('I write it.'),
        tool.write({ filePath: 'notes.md', content: '# Notes\n' }),
        text('It is written.'),
      ),
    )
    const task = opencodeTask({ client: rig.client, ...quick })
    const outputs = await all(execute(task, { prompt: 'Take notes', outputFile: 'notes.md' }))
    const first = outputs[0]
    const last = outputs.at(-1)
    expect(first).to.include({ version: 1, status: 'working', sessionId: null, summary: null })
    expect(last).to.include({ status: 'complete', summary: 'It is written.', error: null })
    expect(last?.sessionId).to.match(/^ses_/)
    expect(last?.cost).to.be.greaterThan(0)
    expect(last?.filesEdited).to.deep.equal(['notes.md'])
    expect(last?.outputFile).to.deep.equal({
      path: 'notes.md',
      isVerified: true,
      reason: null,
      artifact: null,
    })
    expect(last?.messages.map(({ role }) => role)).to.deep.equal(['user', 'assistant'])
    const parts = last?.messages[1]?.parts.map(({ type }) => type)
    expect(parts).to.include.members(['text', 'dynamic-tool'])
    expect(isRunOutput(JSON.parse(JSON.stringify(last)))).to.equal(true)
  })

  it('shows the work of sub-agents, the todos and the model', async () => {
    const child = reply(tool.write({ filePath: 'child.txt', content: 'c' }), text('Done below.'))
    rig = await openRig(
      on(
        'Delegate',
        reply(
          tool.todowrite({ todos: [{ content: 'Ask another', status: 'in_progress' }] }),
          tool.task({ description: 'Below', prompt: 'Do it below' }, child),
          text('All is done.'),
        ),
      ),
    )
    const task = opencodeTask({ client: rig.client, ...quick })
    const last = await lastOf(execute(task, { prompt: 'Delegate' }))
    expect(last.todos.map(({ content }) => content)).to.deep.equal(['Ask another'])
    const tools = last.messages[1]?.parts.flatMap((part) =>
      part.type === 'dynamic-tool' ? [part.toolName] : [],
    )
    expect(tools).to.deep.equal(['todowrite', 'task', 'write'])
    expect(last.messages[1]?.parts.map(({ type }) => type)).to.include('data-sub-agent')
    expect(last.model).to.match(/\//)
  })

  it('runs two calls of one step apart, and continues a session that is named', async () => {
    rig = await openRig(reply(text('Yes.')))
    const task = opencodeTask({ client: rig.client, ...quick, scope: 'chat-1' })
    const [one, two] = await Promise.all([
      lastOf(execute(task, { prompt: 'One' }, { toolCallId: 'a' })),
      lastOf(execute(task, { prompt: 'Two' }, { toolCallId: 'b' })),
    ])
    expect(one.sessionId).not.to.equal(two.sessionId)
    const sessionId = String(one.sessionId)
    const later = opencodeTask({ client: rig.client, ...quick, scope: 'chat-1' })
    const [three, four] = await Promise.all([
      lastOf(execute(later, { prompt: 'Three', sessionId }, { toolCallId: 'c' })),
      lastOf(execute(later, { prompt: 'Four', sessionId }, { toolCallId: 'd' })),
    ])
    expect([three.sessionId, four.sessionId]).to.deep.equal([sessionId, sessionId])
    expect([three.status, four.status]).to.deep.equal(['complete', 'complete'])
    const messages = await rig.client.session.messages(sessionId)
    const roles = messages.map(({ info }) => info.role)
    expect(roles).to.deep.equal(['user', 'assistant', 'user', 'assistant', 'user', 'assistant'])
  })

  it('runs calls that continue one session one after the other, also with a client for each call', async () => {
    rig = await openRig([
      on('One', reply(text('Yes.'))),
      on('Two', reply(text('First half. '), gate('middle'), text('Second.'))),
      on('Three', reply(text('Third.'))),
    ])
    const { client } = rig
    const task = opencodeTask({ client: () => ({ ...client }), scope: 'chat', intervalMs: 10 })
    const one = await lastOf(execute(task, { prompt: 'One' }))
    const more = { sessionId: String(one.sessionId) }
    const two = lastOf(execute(task, { prompt: 'Two', ...more }, { toolCallId: 'b' }))
    await rig.impostor.gate('middle').reached()
    const three = lastOf(execute(task, { prompt: 'Three', ...more }, { toolCallId: 'c' }))
    // Each look asks the server many times.
    for (let looks = 10; looks > 0; looks -= 1) expect(await rig.userMessages()).to.equal(2)
    rig.impostor.gate('middle').open()
    expect((await two).summary).to.equal('First half. Second.')
    expect((await three).summary).to.equal('Third.')
  })

  it('continues no session of another scope, nor one that is not there', async () => {
    rig = await openRig(reply(text('Yes.')))
    const theirs = opencodeTask({ client: rig.client, ...quick, scope: 'chat-1' })
    const { sessionId } = await lastOf(execute(theirs, { prompt: 'One' }))
    const plain = await rig.client.session.create({ title: 'Of a person' })
    const ours = opencodeTask({ client: rig.client, ...quick, scope: 'chat-2' })
    const unscoped = opencodeTask({ client: rig.client, ...quick })
    for (const task of [ours, unscoped]) {
      for (const id of [String(sessionId), plain.id, 'ses_nothing', '../session/x']) {
        const output = await lastOf(execute(task, { prompt: 'Tell me all', sessionId: id }))
        expect(output).to.include({ status: 'error', sessionId: null })
        expect(output.error?.code).to.equal('session_unknown')
      }
    }
    expect(await rig.userMessages()).to.equal(1)
  })

  it('says why it failed, in words without internals', async () => {
    rig = await openRig(reply(providerError({ status: 401, message: 'Bad key sk-secret' })))
    const reports: unknown[] = []
    const onError = (error: unknown, { step }: { step: string }) => void reports.push(error, step)
    const task = opencodeTask({ client: rig.client, ...quick, turn: { onError } })
    const last = await lastOf(execute(task, { prompt: 'Go', outputFile: '../etc/passwd' }))
    expect(last).to.include({ status: 'error', summary: null })
    expect(last.error).to.include({ code: 'provider_refused', retryable: false })
    expect(last.outputFile).to.include({ isVerified: false, reason: 'not_of_this_run' })
    expect(JSON.stringify(last)).not.to.contain('sk-secret')
    const [cause, step] = reports.splice(0)
    expect([TurnError.is(cause) && cause.code, step]).to.deep.equal(['provider_refused', 'worker'])

    // A server that does not say whose the session is has not said that there is none.
    const refused = new WireError('unauthorized', 'the password is wrong', { status: 401 })
    const session = { ...rig.client.session, get: async () => await Promise.reject(refused) }
    const locked = opencodeTask({ client: { ...rig.client, session }, turn: { onError } })
    const { error } = await lastOf(execute(locked, { prompt: 'Go', sessionId: 'ses_1' }))
    expect(error?.code).to.equal('server_unreachable')
    expect(reports).to.deep.equal([refused, 'session'])
  })

  it('waits for no answer about a session that it continues, when the call is aborted', async () => {
    rig = await openRig(reply(text('Yes.')))
    const { client } = rig
    const reports: unknown[] = []
    const turn = { onError: (error: unknown) => void reports.push(error) }
    const of = { ...quick, scope: 'chat' }
    const { sessionId } = await lastOf(execute(opencodeTask({ client, ...of }), { prompt: 'One' }))
    const abort = new AbortController()
    let looks = 0
    const get: typeof client.session.get = async (id, options) => {
      looks += 1
      if (looks === 1) return await client.session.get(id, options)
      abort.abort()
      // A server that hangs.
      return await new Promise((_, reject) => {
        const { signal } = options ?? {}
        if (signal?.aborted === true) return reject(signal.reason)
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    }
    const hanging = { ...client, session: { ...client.session, get } }
    const task = opencodeTask({ client: hanging, ...of, turn })
    const more = { prompt: 'Two', sessionId: String(sessionId) }
    const last = await lastOf(execute(task, more, { abortSignal: abort.signal }))
    expect(last.status).to.equal('cancelled')
    expect([looks, reports]).to.deep.equal([2, []])
  })

  it('stops the agent when the outer call is aborted, and says that it did', async () => {
    rig = await openRig(reply(text('Half of it'), gate('stopped'), text('and more.')))
    const task = opencodeTask({ client: rig.client, ...quick })
    const abort = new AbortController()
    const outputs = execute(task, { prompt: 'Go' }, { abortSignal: abort.signal })
    const seen: OpenCodeRunOutput[] = []
    for await (const output of outputs) {
      seen.push(output)
      if (JSON.stringify(output).includes('Half of it')) abort.abort()
    }
    const last = seen.at(-1)
    expect(last).to.include({ status: 'cancelled', error: null })
    expect(last?.stop).to.include({ aborted: true, asksClosed: true, idle: true })
    expect(await rig.client.session.status()).to.deep.equal({})
  })

  it('stops the agent when its outputs are left, and asks nothing when it was aborted before', async () => {
    rig = await openRig(reply(text('Half of it'), gate('stopped'), text('and more.')))
    const task = opencodeTask({ client: rig.client, ...quick })
    for await (const output of execute(task, { prompt: 'Go' })) {
      if (JSON.stringify(output).includes('Half of it')) break
    }
    expect(await rig.client.session.status()).to.deep.equal({})
    const before = await rig.userMessages()
    const aborted = { abortSignal: AbortSignal.abort() }
    const last = await lastOf(execute(task, { prompt: 'Go' }, aborted))
    expect(last).to.include({ status: 'cancelled' })
    expect(await rig.userMessages()).to.equal(before)
  })

  it('refuses options that make no sense', async () => {
    rig = await openRig()
    const { client } = rig
    expect(() => opencodeTask({ client, intervalMs: 0 })).to.throw(RangeError, 'intervalMs')
    expect(() => opencodeTask({ client, previewCharacters: 5 })).to.throw(RangeError, 'preview')
    expect(() => opencodeTask({ client, scope: '' })).to.throw(TypeError, 'scope')
  })

  it('refuses options that it does not have, as JavaScript may give them', async () => {
    rig = await openRig()
    const { client } = rig
    const give = (options: object) => () => opencodeTask(options as OpenCodeTaskOptions)
    expect(give({ client, Scope: 'chat-1' })).to.throw(TypeError, '"Scope"; `scope` may be meant')
    expect(give({ client, turn: { budget: {} } })).to.throw(
      TypeError,
      '`turn` has no option "budget"',
    )
    expect(give({ client, row: {} })).to.throw(TypeError, '"row"')
    expect(give({})).to.throw(TypeError, '`client` and `server`')
    expect(give({ client, server: { url: '' } })).to.throw(TypeError, '`client` and `server`')
    expect(() => opencodeTask(undefined as never)).to.throw(TypeError, '`client` or `server`')
    const hostTools = { a: { inputSchema: {} } }
    expect(give({ client, scope: 'a', hostTools })).to.throw(TypeError, 'a has no `execute`')
    const noSchema = { a: { execute: () => '' } }
    expect(give({ client, scope: 'a', hostTools: noSchema })).to.throw(TypeError, '`inputSchema`')
  })

  for (const { name, ai, createModel } of majors) {
    describe(`with version ${name} of the AI SDK`, () => {
      it('works in a loop of steps, and shows the outer model a summary only', async () => {
        rig = await openRig(
          reply(tool.write({ filePath: 'a.txt', content: 'THE-CONTENT' }), text('I wrote a.txt.')),
        )
        const outer = createModel([[{ id: 'call-1', input: { prompt: 'Write a.txt' } }], 'Done.'])
        const result = ai.streamText({
          model: outer.model,
          prompt: 'Please',
          tools: { code: createTask(ai, { client: rig.client, ...quick }) },
          stopWhen: ai.stepCountIs(3),
        })
        const preliminary: unknown[] = []
        const final: unknown[] = []
        for await (const part of result.fullStream) {
          if (part.type !== 'tool-result') continue
          if (part.preliminary === true) preliminary.push(part.output)
          else final.push(part.output)
        }
        expect(preliminary.length).to.be.greaterThan(1)
        expect(final).to.have.length(1)
        expect(final[0]).to.include({ status: 'complete', summary: 'I wrote a.txt.' })
        expect(await result.text).to.equal('Done.')
        expect(outer.prompts).to.have.length(2)
        expect(outer.prompts[1]).to.contain('I wrote a.txt.').and.contain('Status: complete')
        expect(outer.prompts[1]).not.to.contain('THE-CONTENT').and.not.contain('"messages"')
      })

      it('runs two calls of a step side by side, by `generateText`', async () => {
        rig = await openRig(reply(gate('both'), text('Yes.')))
        const outer = createModel([
          [
            { id: 'call-1', input: { prompt: 'One' } },
            { id: 'call-2', input: { prompt: 'Two' } },
          ],
          'Both.',
        ])
        const running = ai.generateText({
          model: outer.model,
          prompt: 'Please',
          tools: { code: createTask(ai, { client: rig.client, ...quick }) },
          stopWhen: ai.stepCountIs(3),
        })
        await rig.impostor.next('POST /session/*/prompt_async')
        await rig.impostor.next('POST /session/*/prompt_async')
        rig.impostor.gate('both').open()
        const { steps, text: words } = await running
        const ids = steps[0]?.toolResults.map(
          ({ output }) => (output as OpenCodeRunOutput).sessionId,
        )
        expect(new Set(ids).size).to.equal(2)
        expect(words).to.equal('Both.')
      })

      it('stops the agent when the outer stream is aborted', async () => {
        rig = await openRig(reply(text('Half of it'), gate('stopped'), text('and more.')))
        const outer = createModel([[{ id: 'call-1', input: { prompt: 'Go' } }], 'Done.'])
        const abort = new AbortController()
        const result = ai.streamText({
          model: outer.model,
          prompt: 'Please',
          tools: { code: createTask(ai, { client: rig.client, ...quick }) },
          stopWhen: ai.stepCountIs(3),
          abortSignal: abort.signal,
          onError: () => undefined,
        })
        for await (const part of result.fullStream) {
          if (JSON.stringify(part).includes('Half of it')) abort.abort()
        }
        await rig.impostor.events.next((event) => event.type === 'session.idle')
        expect(await rig.client.session.status()).to.deep.equal({})
        expect(outer.prompts).to.have.length(1)
      })

      it('refuses an input that is none before the agent is asked', async () => {
        rig = await openRig(reply(text('Yes.')))
        const outer = createModel([[{ id: 'call-1', input: { prompt: '' } }], 'Sorry.'])
        const result = await ai.generateText({
          model: outer.model,
          prompt: 'Please',
          tools: { code: createTask(ai, { client: rig.client, ...quick }) },
          stopWhen: ai.stepCountIs(3),
        })
        expect(result.text).to.equal('Sorry.')
        expect(await rig.userMessages()).to.equal(0)
      })
    })
  }
})
