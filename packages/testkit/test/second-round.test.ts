import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import {
  always,
  createManualClock,
  gate,
  on,
  providerError,
  reply,
  startImpostor,
  text,
  tool,
  type Impostor,
  type ImpostorOptions,
  type ScenarioLike,
} from '../src/index.js'
import { createSession, lastText, prompt, send } from './support/client.js'

interface Shown {
  readonly info: {
    readonly role: string
    readonly finish?: string
    readonly error?: { readonly name: string }
  }
  readonly parts: readonly {
    readonly type: string
    readonly text?: string
    readonly url?: string
    readonly state?: { readonly status: string; readonly error?: string }
  }[]
}

const tooLong = providerError({
  status: 400,
  message: 'too long',
  code: 'context_length_exceeded',
})
const task = { description: 'Sub', prompt: 'sub prompt', subagent_type: 'general' }

describe('Impostor, what the real server does besides', () => {
  let impostor: Impostor
  afterEach(() => impostor.close())

  const start = async (script: ScenarioLike, options: ImpostorOptions = {}): Promise<string> => {
    impostor = await startImpostor(script, { listenerWaitMs: 0, ...options })
    return createSession(impostor.url)
  }
  const messages = async (id: string): Promise<readonly Shown[]> =>
    (await send(impostor.url, 'GET', `/session/${id}/message`)).body as Shown[]
  const next = (type: string, session: string): ReturnType<Impostor['events']['next']> =>
    impostor.events.next(
      (event) => event.type === type && event.properties['sessionID'] === session,
    )
  const children = async (id: string): Promise<readonly string[]> =>
    [(await send(impostor.url, 'GET', `/session/${id}/children`)).body]
      .flat()
      .map((child) => String(Object(child).id))

  it('runs no prompt in a directory that does not exist', async () => {
    await start(reply(text('never')))
    const place = '?directory=/does/not/exist'
    const made = await send(impostor.url, 'POST', `/session${place}`, {})
    expect(made.status).to.equal(200)
    const id = String(Object(made.body).id)
    expect(await prompt(impostor.url, id, 'go')).to.equal(204)
    const { properties } = await next('session.error', id)
    expect(JSON.stringify(properties)).to.include('NotFound: FileSystem.realPath (/does/not/exist)')
    const shown = await messages(id)
    expect(shown.map(({ info, parts }) => [info.role, parts.length])).to.deep.equal([
      ['user', 1],
      ['assistant', 0],
    ])
    expect((await send(impostor.url, 'GET', `/file${place}&path=.`)).status).to.equal(500)
  })

  it('takes a directory for one that is named, that holds a file, or that is on the machine', async () => {
    const made = await mkdtemp(join(tmpdir(), 'testkit-place-'))
    await start(always(/./u, reply(text('here'))), {
      directories: ['named', '/elsewhere'],
      files: { 'with/file.txt': 'x' },
    })
    for (const place of ['named', '/workspace/named/', '/elsewhere', 'with', made]) {
      const query = `?directory=${encodeURIComponent(place)}`
      const { body } = await send(impostor.url, 'POST', `/session${query}`, {})
      const parts = [{ type: 'text', text: 'go' }]
      const path = `/session/${String(Object(body).id)}/message`
      expect((await send(impostor.url, 'POST', path, { parts })).status, place).to.equal(200)
    }
    await rm(made, { recursive: true })
  })

  it('stores nothing of a prompt with a picture that is none', async () => {
    const id = await start(reply(text('never')))
    const url = 'data:image/png;base64,bm90IGFuIGltYWdl'
    const parts = [{ type: 'file', mime: 'image/png', url }]
    const path = `/session/${id}`
    expect((await send(impostor.url, 'POST', `${path}/prompt_async`, { parts })).status).to.equal(
      204,
    )
    const { properties } = await next('session.error', id)
    expect(JSON.stringify(properties)).to.include('ImageDecodeError')
    expect((await send(impostor.url, 'POST', `${path}/message`, { parts })).body).to.deep.equal({
      _tag: 'BadRequest',
    })
    expect(await messages(id)).to.deep.equal([])
  })

  it('stores a prompt with files after its 204, when it has read them', async () => {
    const clock = createManualClock()
    const id = await start(reply(text('read')), { clock, expandMs: 500, files: { 'a.txt': 'a\n' } })
    const body = { parts: [{ type: 'file', mime: 'text/plain', url: 'file:///workspace/a.txt' }] }
    const sent = await send(impostor.url, 'POST', `/session/${id}/prompt_async`, body)
    expect(sent.status).to.equal(204)
    await clock.untilPending(1)
    expect(await messages(id)).to.deep.equal([])
    await clock.advance(500)
    await next('session.idle', id)
    expect((await messages(id)).map(({ parts }) => parts.length)).to.deep.equal([3, 3])
  })

  it('asks again what was too long, behind a summary of what came before it', async () => {
    const id = await start([
      on('one', reply(text('first'))),
      on('two', reply(tooLong, text('never'))),
      reply(text('at last')),
    ])
    await prompt(impostor.url, id, 'one')
    await next('session.idle', id)
    await prompt(impostor.url, id, 'two')
    await next('session.idle', id)
    const said = (await messages(id)).map(({ parts }) =>
      parts.filter((part) => part.type === 'text').map((part) => part.text),
    )
    expect(said).to.deep.equal([
      ['one'],
      ['first'],
      ['two'],
      [],
      [],
      ['A scripted summary.'],
      ['two'],
      ['at last'],
    ])
  })

  it('ends a turn whose summary does not fit either', async () => {
    const id = await start(reply(tooLong, text('never')), { summary: reply(tooLong) })
    await prompt(impostor.url, id, 'go')
    await next('session.idle', id)
    const last = (await messages(id)).at(-1)?.info
    expect([last?.finish, last?.error?.name]).to.deep.equal(['error', 'ContextOverflowError'])
  })

  it('sums up in the middle of a run when it is asked to', async () => {
    const id = await start(reply(text('half '), gate('half'), text('whole')))
    await prompt(impostor.url, id, 'go')
    await impostor.gate('half').reached()
    const summed = send(impostor.url, 'POST', `/session/${id}/summarize`, {
      providerID: 'scripted',
      modelID: 'standard',
    })
    await impostor.events.next(({ properties }) => Object(properties['part']).type === 'compaction')
    impostor.gate('half').open()
    expect((await summed).body).to.equal(true)
    expect(await lastText(impostor.url, id)).to.equal('A scripted summary.')
  })

  it('lets a parent go on when it is aborted while its child waits for a person', async () => {
    const id = await start(
      reply(
        tool.task(task, reply(tool.write({ filePath: 'a', content: 'a' }), text('never'))),
        text('and on '),
        gate('never'),
        text('never'),
      ),
      { config: { permission: { edit: 'ask' } } },
    )
    await prompt(impostor.url, id, 'go')
    await impostor.events.next((event) => event.type === 'permission.asked')
    await send(impostor.url, 'POST', `/session/${id}/abort`)
    const [, first, second] = await messages(id)
    const called = first?.parts.find((part) => part.type === 'tool')?.state
    expect([called?.status, called?.error]).to.deep.equal(['error', 'Task cancelled'])
    expect(second?.info.error?.name).to.equal('MessageAbortedError')
    expect(second?.parts.find((part) => part.type === 'text')?.text).to.equal('and on ')
  })

  it('tells a parent how its task in the background has ended', async () => {
    const id = await start(
      [
        on('sub prompt', reply(text('sub '), gate('sub'), text('result'))),
        on(/^go/u, reply(tool.call('task', { ...task, background: true }), text('launched'))),
        on('<task_result>', reply(text('noted'))),
      ],
      { experimental: { backgroundSubagents: true } },
    )
    await prompt(impostor.url, id, 'go')
    await next('session.idle', id)
    expect(await lastText(impostor.url, id)).to.equal('launched')
    impostor.gate('sub').open()
    await next('session.idle', id)
    expect(await lastText(impostor.url, id)).to.equal('noted')
    expect(JSON.stringify(await messages(id))).to.include('sub result')
  })

  it('stops a task in the background with its parent, and tells nobody', async () => {
    const id = await start(
      [
        on('sub prompt', reply(text('sub '), gate('sub'), text('result'))),
        on(/^go/u, reply(tool.call('task', { ...task, background: true }), text('launched'))),
      ],
      { experimental: { backgroundSubagents: true } },
    )
    await prompt(impostor.url, id, 'go')
    await next('session.idle', id)
    const [child = ''] = await children(id)
    await impostor.gate('sub').reached()
    await send(impostor.url, 'POST', `/session/${id}/abort`)
    await next('session.idle', child)
    expect((await send(impostor.url, 'GET', '/session/status')).body).to.deep.equal({})
    expect(await lastText(impostor.url, id)).to.equal('launched')
  })

  it('asks before the third equal call in a row, and ends the turn when it is refused', async () => {
    const read = tool.read({ filePath: 'a.txt' })
    const id = await start(reply(read, read, read, text('never')), { files: { 'a.txt': 'a\n' } })
    await prompt(impostor.url, id, 'go')
    const { properties } = await next('permission.asked', id)
    expect([properties['permission'], properties['patterns']]).to.deep.equal([
      'doom_loop',
      ['read'],
    ])
    const path = `/permission/${String(properties['id'])}/reply`
    await send(impostor.url, 'POST', path, { reply: 'reject' })
    await next('session.idle', id)
    const last = (await messages(id)).at(-1)
    expect(last?.info.error?.name).to.equal('UnknownError')
    expect(last?.parts.slice(1).map((part) => part.state?.status)).to.deep.equal(
      Array(3).fill('error'),
    )
  })

  it('asks whether a plan is good, and lets the other agent build it', async () => {
    const id = await start(
      [reply(tool.call('plan_exit', {}), text('never')), reply(text('built'))],
      {
        experimental: { planMode: true },
      },
    )
    const parts = [{ type: 'text', text: 'plan' }]
    await send(impostor.url, 'POST', `/session/${id}/prompt_async`, { agent: 'plan', parts })
    const asked = await impostor.events.next((event) => event.type === 'question.asked')
    const path = `/question/${String(asked.properties['id'])}/reply`
    await send(impostor.url, 'POST', path, { answers: [['Yes']] })
    await next('session.idle', id)
    expect(await lastText(impostor.url, id)).to.equal('built')
  })
})
