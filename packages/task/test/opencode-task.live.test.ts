import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import {
  gate,
  on,
  reply,
  type ScriptedModel,
  startScriptedModel,
  text,
  tool,
} from '@turnstead/testkit'
import {
  findOpencodeBinary,
  type RunningOpencode,
  startOpencode,
} from '@turnstead/testkit/opencode'
import { type Client, createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { createTask } from '../src/opencode-task.js'
import { type OpenCodeRunOutput, opencodeTask } from '../src/index.js'
import { majors } from './support/majors.js'
import { execute, lastOf } from './support/rig.js'
import { startHost } from './support/start-host.js'
import { createTaskTables } from './support/task-rows.js'

const binary = findOpencodeBinary()

describe('opencodeTask on the real opencode serve', function () {
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

  /** How often the model was asked for this prompt. */
  const asked = (prompt: string): number =>
    model.requests.filter((request) => request.prompt === prompt).length

  it('shows the work, verifies the file, and asks no model for a title', async () => {
    const prompt = 'Write the notes'
    const write = tool.write({ filePath: 'notes.md', content: '# Notes\n' })
    model.answer(on(prompt, reply(text('I write.'), write, text('They are written.'))))
    const task = opencodeTask({ client, isDirectoryOwn: true })
    const before = model.requests.entries.length
    const last = await lastOf(execute(task, { prompt, outputFile: 'notes.md' }))
    expect(last).to.include({ status: 'complete', summary: 'They are written.' })
    expect(last.filesEdited).to.deep.equal(['notes.md'])
    expect(last.outputFile).to.include({ path: 'notes.md', isVerified: true })
    expect(last.cost).to.be.greaterThan(0)
    expect(model.requests.entries.length - before).to.equal(2)
    model.answer(on(prompt, reply(text('I did not.'))))
    const gone = await lastOf(execute(task, { prompt, outputFile: 'never.md' }))
    expect(gone.outputFile).to.include({ isVerified: false, reason: 'not_of_this_run' })
  })

  for (const { name, ai, createModel } of majors) {
    it(`runs two calls of a step apart, sub-agents included (version ${name} of the AI SDK)`, async () => {
      const [one, two] = [`One ${name}`, `Two ${name}`]
      const below = reply(text('Below.'))
      const task = tool.task({ description: 'Below', prompt: `Below ${name}` }, below)
      model.answer(on(one, reply(task, text('One is done.'))))
      model.answer(on(two, reply(text('Two is done.'))))
      const outer = createModel([
        [
          { id: `a-${name}`, input: { prompt: one } },
          { id: `b-${name}`, input: { prompt: two } },
        ],
        'Both.',
      ])
      const { steps, text: words } = await ai.generateText({
        model: outer.model,
        prompt: 'Please',
        tools: { code: createTask(ai, { client }) },
        stopWhen: ai.stepCountIs(3),
      })
      const outputs = steps[0]?.toolResults.map(({ output }) => output as OpenCodeRunOutput) ?? []
      expect(outputs.map(({ summary }) => summary)).to.deep.equal(['One is done.', 'Two is done.'])
      expect(new Set(outputs.map(({ sessionId }) => sessionId)).size).to.equal(2)
      expect(outputs[0]?.messages[1]?.parts.map(({ type }) => type)).to.include('data-sub-agent')
      expect(words).to.equal('Both.')
      expect(outer.prompts[1]).to.contain('Two is done.').and.not.contain('providerMetadata')
    })
  }

  it('stops the agent when the outer call is aborted', async () => {
    const prompt = 'Stop me'
    model.answer(on(prompt, reply(text('Half of it. '), gate('never'), text('Never said.'))))
    const abort = new AbortController()
    let last: OpenCodeRunOutput | null = null
    const task = opencodeTask({ client, intervalMs: 20 })
    for await (const output of execute(task, { prompt }, { abortSignal: abort.signal })) {
      last = output
      if (JSON.stringify(output).includes('Half of it')) abort.abort()
    }
    expect(last?.status).to.equal('cancelled')
    expect(last?.stop).to.deep.equal({
      aborted: true,
      rejectedAsks: 0,
      asksClosed: true,
      idle: true,
    })
    expect(await client.session.status()).to.deep.equal({})
  })

  it('goes on after kill -9 of the host: the model was asked once', async () => {
    const prompt = 'Survive the host'
    model.answer(on(prompt, reply(text('First half. '), gate('middle'), text('Second.'))))
    const folder = mkdtempSync(join(tmpdir(), 'turnstead-task-'))
    const filename = join(folder, 'rows.sqlite')
    const knex = createLibsqlKnex({ filename })
    await createTaskTables(knex)
    await knex.destroy()
    const { url, username, password, directory } = server
    const job = { url, username, password, directory, filename, toolCallId: 'call-1', prompt }
    const first = startHost(job)
    await first.line((line) => line === 'half')
    await first.kill()
    const second = startHost(job)
    // Words that no row has yet are shown again when the server states them.
    await second.line((line) => line === 'working')
    model.gate('middle').open()
    const line = await second.line((each) => each.startsWith('{"version"'))
    expect(JSON.parse(line)).to.include({ status: 'complete', summary: 'First half. Second.' })
    await second.exited
    expect(asked(prompt)).to.equal(1)
    rmSync(folder, { recursive: true, force: true })
  })
})
