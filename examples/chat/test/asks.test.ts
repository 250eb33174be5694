import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { readStream, startApp, type StreamReader, type TestApp } from './support/app.js'

const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the chat with an agent that asks', () => {
  let app: TestApp
  const streams: StreamReader[] = []

  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close()
    await app.close()
  })

  const follow = async (path: string): Promise<StreamReader> => {
    const stream = await readStream(app.url + path)
    streams.push(stream)
    return stream
  }
  const over = 'class="facts"'

  const write = ask.permission(tool.write({ filePath: 'a.txt', content: 'a' }), {
    patterns: ['a.txt', '<img src=x>', 'b\u202Etxt.exe'],
  })
  const colour = ask.question({
    question: 'Which <b>colour</b>?',
    options: ['Blue', { label: '"Green"', description: 'As grass' }],
  })
  const answer = (path: string, fields: Record<string, string>): Promise<Response> =>
    fetch(app.url + path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      redirect: 'manual',
    })
  const begin = async (): Promise<{ stream: StreamReader; path: string }> => {
    await app.post('/conversations', 'Go')
    const stream = await follow(app.streamOf(1))
    const received = await stream.until('class="ask"')
    await stream.until('Waiting for your answer')
    while ((await app.rows.store.read(1))?.waitingSince === null) await nextTick()
    return { stream, path: /action="(\/messages\/1\/asks\/[^"]+)"/.exec(received)?.[1] ?? '' }
  }

  it('goes on when a person allows it, and shows plainly what is allowed', async () => {
    app = await startApp(reply(write, text('Written.')))
    const { stream, path } = await begin()
    const page = await (await app.get('/conversations/1')).text()
    expect(page).to.contain('wants to change a file').and.contain('b\\u{202e}txt.exe')
    expect(page).to.not.match(/<img|\u202E/)
    expect((await answer(path, { decision: 'yes' })).status).to.equal(303)
    expect(await stream.until(over)).to.match(/action="remove" target="turn-1-ask-per_/)
    expect(await app.readAgentFile(1, 'a.txt')).to.equal('a')
    expect(await app.text('/conversations/1')).to.not.contain('wants to')
    // On a page that comes too late.
    expect((await answer(path, { decision: 'yes' })).status).to.equal(303)
    expect(app.errors).to.deep.equal([])
  })

  it('stops when a person rejects it', async () => {
    app = await startApp(reply(write, text('Written.')))
    const { stream, path } = await begin()
    await answer(path, { decision: 'no' })
    await stream.until('You declined, so the agent stopped')
    expect(await app.readAgentFile(1, 'a.txt')).to.equal(null)
  })

  it('takes chosen and own words for an answer', async () => {
    app = await startApp(reply(colour, text('Thank you.')))
    const { stream, path } = await begin()
    const page = await (await app.get('/conversations/1')).text()
    expect(page).to.contain('value="&#34;Green&#34;"').and.contain('&#60;b&#62;colour')
    await answer(path, { decision: 'yes', 'answer-0': '"Green"', 'words-0': ' or blue ' })
    await stream.until('Thank you.')
    const { body } = await app.impostor.next('POST /question/*/reply')
    expect(body).to.deep.equal({ answers: [['"Green"', 'or blue']] })
  })

  it('takes no empty answer, and keeps the form with what was typed', async () => {
    app = await startApp(reply(colour, text('Thank you.')))
    const { stream, path } = await begin()
    for (const fields of [{}, { 'answer-0': '' }, { 'words-0': '  ' }, { 'answer-1': 'Blue' }])
      expect((await answer(path, { decision: 'yes', ...fields })).status).to.equal(422)
    const kept = await fetch(app.url + path, {
      method: 'POST',
      body: new URLSearchParams({ decision: 'yes' }),
      headers: { accept: 'text/vnd.turbo-stream.html' },
    })
    expect(kept.status).to.equal(422)
    const change = await kept.text()
    expect(change).to.contain('Choose an answer first.')
    const target = /target="([^"]+)"/.exec(change)?.[1] ?? ''
    expect(await (await app.get('/conversations/1')).text()).to.contain(`id="${target}"`)
    await answer(path, { decision: 'yes', 'answer-0': 'Blue' })
    await stream.until('Thank you.')
  })

  /** No process holds the turn any more. */
  const isParked = async (): Promise<void> => {
    while ((await app.rows.store.read(1))?.status !== 'waiting') await nextTick()
  }

  it('shows a question that no process holds, and goes on with the answer', async () => {
    app = await startApp(reply(text('I write. '), write, text('Written.')), { parkAfterMs: 1 })
    const { stream, path } = await begin()
    await isParked()
    const page = await (await app.get('/conversations/1')).text()
    expect(page).to.contain('Waiting for your answer').and.contain(`action="${path}"`)
    expect((await answer(path, { decision: 'yes' })).status).to.equal(303)
    await stream.until(over)
    expect(await app.readAgentFile(1, 'a.txt')).to.equal('a')
    expect(await app.text('/conversations/1'))
      .to.contain('I write.')
      .and.contain('Written.')
    expect(await app.text('/conversations/1')).to.not.contain('wants to')
  })

  it('stops the agent of a question that no process holds', async () => {
    app = await startApp(reply(write, text('Written.')), { parkAfterMs: 1 })
    const { path } = await begin()
    await isParked()
    const asked = await fetch(`${app.url}/messages/1/stop`, { method: 'POST', redirect: 'manual' })
    expect(asked.status).to.equal(303)
    while ((await app.rows.store.read(1))?.closedAt === null) await nextTick()
    await answer(path, { decision: 'yes' })
    expect(await app.readAgentFile(1, 'a.txt')).to.equal(null)
  })

  it('says that a question was asked again because the server was restarted', async () => {
    app = await startApp(reply(write, text('Written.')))
    const { stream } = await begin()
    await app.impostor.restart()
    const words = 'OpenCode was restarted meanwhile, so the agent asks again'
    const received = await stream.until(words)
    expect(await app.text('/conversations/1')).to.contain(words)
    const paths = [...received.matchAll(/action="(\/messages\/1\/asks\/[^"]+)"/g)]
    expect((await answer(paths.at(-1)?.[1] ?? '', { decision: 'yes' })).status).to.equal(303)
    await stream.until(over)
    expect(await app.text('/conversations/1')).to.match(/Written\..*so it asked again/)
  })

  it('takes the answer in another process, which has another server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'turnstead-chat-'))
    const databaseUrl = join(folder, 'chat.sqlite')
    app = await startApp(reply(write, text('Written.')), { databaseUrl })
    const { stream, path } = await begin()
    const other = await startApp(undefined, { databaseUrl })
    const there = await fetch(other.url + path, {
      method: 'POST',
      body: new URLSearchParams({ decision: 'yes' }),
      redirect: 'manual',
    })
    expect(there.status).to.equal(303)
    await stream.until(over)
    expect(await app.readAgentFile(1, 'a.txt')).to.equal('a')
    await other.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('answers nothing but what it asks, and nothing after a stop', async () => {
    app = await startApp([on('Go', reply(write)), on('other', reply(write))])
    const { path } = await begin()
    await app.post('/conversations', 'other')
    await (await follow(app.streamOf(2))).until('class="ask"')
    expect((await answer(path.replace('/1/', '/2/'), { decision: 'yes' })).status).to.equal(409)
    expect((await answer(path, { decision: 'maybe' })).status).to.equal(422)
    await app.rows.store.cancel({ turnId: 1 })
    await answer(path, { decision: 'yes' })
    expect(await app.readAgentFile(1, 'a.txt')).to.equal(null)
  })
})
