import { ask, gate, on, providerError, reply, text, tool, usage } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { readStream, startApp, type StreamReader, type TestApp } from './support/app.js'

const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the list of conversations', () => {
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
  const post = (path: string, fields: Record<string, string> = {}): Promise<Response> =>
    fetch(app.url + path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      redirect: 'manual',
    })
  const page = async (path: string): Promise<string> => (await app.get(path)).text()
  const isOver = async (id: number): Promise<void> => {
    while ((await app.rows.store.read(id))?.closedAt == null) await nextTick()
  }

  it('says what runs, what failed and what waits for the reader, also to other pages and in the title', async () => {
    const write = ask.permission(tool.write({ filePath: 'a.txt', content: 'a' }))
    app = await startApp([
      on('fail', reply(providerError({ status: 401 }))),
      on('run', reply(text('At work. '), gate('run'))),
      on('ask', reply(text('May I? '), gate('ask'), write)),
    ])
    await post('/conversations', { prompt: 'fail' })
    await isOver(1)
    await post('/conversations', { prompt: 'run' })
    await post('/conversations', { prompt: 'ask' })
    const stream = await follow(app.streamOf(2))
    await stream.until('At work.')
    app.impostor.gate('ask').open()
    const change = await stream.until(', waits for your answer')
    expect(change).to.contain('target="conversation-3-link"')
    expect(await app.text('/'))
      .to.contain('(!) Turnstead')
      .and.contain(', failed')
      .and.contain(', at work')
    expect(await page('/conversations/2'))
      .to.contain('<title>(!) ')
      .and.contain('icon-asks.svg')
    app.impostor.gate('run').open()
    await isOver(2)
    await stream.until('"conversation-2-cost"')
    await post('/messages/3/stop')
    await isOver(3)
    expect(await page('/'))
      .to.contain('<title>Turnstead</title>')
      .and.contain('href="/assets/icon.svg"')
  })

  it('brings a page to what asks and runs, however much was written since', async () => {
    app = await startApp(undefined, { hasWorker: false })
    const long = Date.now() - 1_000
    for (let id = 1; id <= 45; id += 1) {
      const written = { title: `Number ${id}`, user_id: 'you', folder: `f${id}`, created_at: long }
      await app.database('conversations').insert({ id, ...written })
      const status = id === 1 ? 'waiting' : id === 2 ? 'running' : 'completed'
      const turn = { conversation_id: id, body: 'Go', turn_status: status, created_at: long }
      await app.database('messages').insert({ id, ...turn })
    }
    const ids = (await app.rows.list.changedSince(0)).map(({ id }) => id)
    expect(ids).to.have.lengthOf(40).and.include.members([1, 2, 45])
  })

  it('stops what runs, though more waits behind it than its page shows', async () => {
    app = await startApp(undefined, { hasWorker: false })
    for (let id = 1; id <= 25; id += 1)
      await post(id === 1 ? '/conversations' : '/conversations/1/messages', {
        prompt: `Number ${id}`,
      })
    expect(await page('/conversations/1')).to.contain('formaction="/messages/1/stop"')
  })

  it('has the title that OpenCode gives, until a person gives another', async () => {
    app = await startApp(reply(text('Hello.')))
    await post('/conversations', { prompt: 'Good morning to you' })
    await isOver(1)
    const conversation = await app.rows.findConversation(1)
    expect(conversation?.opencode_title).to.be.a('string')
    expect(await app.text('/')).to.contain(conversation?.opencode_title)
    const stream = await follow(app.streamOf(1))
    expect((await post('/conversations/1/title', { title: ' My <i>\n own ' })).status).to.equal(303)
    expect(await page('/'))
      .to.contain('My &#60;i&#62; own')
      .and.not.contain('<i> own')
    for (const title of ['', ' \n ', 'x'.repeat(201)]) {
      expect((await post('/conversations/1/title', { title })).status, title).to.equal(422)
    }
    expect((await post('/conversations/9/title', { title: 'x' })).status).to.equal(404)
    await stream.rest()
  })

  it('finds words in titles, prompts and answers, whatever they mean to a database', async () => {
    app = await startApp([
      on('Straße', reply(text('Nothing special.'))),
      on('other', reply(text('It grew by 100%_!'))),
    ])
    await post('/conversations', { prompt: 'Straße' })
    await isOver(1)
    await post('/conversations', { prompt: 'other' })
    await isOver(2)
    await app.rows.list.rename(1, 'Maps')
    await app.rows.list.rename(2, 'Growth')
    const found = async (search: string): Promise<string[]> =>
      (await app.rows.list.all({ search })).map(({ title }) => title)
    expect(await found('straße')).to.deep.equal(['Maps'])
    expect(await found(' MAPS ')).to.deep.equal(['Maps'])
    expect(await found('100%_!')).to.deep.equal(['Growth'])
    expect(await found('%')).to.deep.equal(['Growth'])
    expect(await found('_')).to.deep.equal(['Growth'])
    expect(await found("' or 1=1 --")).to.deep.equal([])
    expect(await found('')).to.deep.equal(['Growth', 'Maps'])
    const shown = await app.text(`/?q=${encodeURIComponent('<b>%')}`)
    expect(shown).to.contain('Nothing found for')
    expect(await page(`/?q=${encodeURIComponent('<b>%')}`)).to.not.contain('<b>%')
    const headers = { accept: 'text/vnd.turbo-stream.html' }
    const changes = await (await app.get(`/?q=grew`, headers)).text()
    expect(changes).to.contain('target="conversations"').and.contain('Growth')
    expect(changes).to.not.contain('Maps').and.not.contain('<html')
    // What Turbo sends with a form, and with where that leads to.
    const both = { accept: 'text/vnd.turbo-stream.html, text/html, application/xhtml+xml' }
    expect(await (await app.get('/', both)).text(), 'after a form').to.contain('<html')
  })

  it('removes a conversation with its session, files and rows, and stops what runs in it', async () => {
    app = await startApp([
      on(
        'Look',
        reply(tool.write({ filePath: 'a.txt', content: 'A' }), text('Written. '), gate('never')),
      ),
      on('stay', reply(text('Here.'))),
    ])
    await app.postFiles('/conversations', 'Look', { 'in.txt': 'hello' })
    const stream = await follow(app.streamOf(1))
    await stream.until('Written.')
    await post('/conversations', { prompt: 'stay' })
    await isOver(2)
    expect((await post('/conversations/1/delete')).headers.get('location')).to.equal('/')
    expect((await app.get('/conversations/1')).status).to.equal(404)
    expect((await app.get('/conversations/2')).status).to.equal(200)
    expect(await app.rows.findMessage(1)).to.equal(null)
    expect(await app.storedFiles()).to.equal(0)
    await app.impostor.next('DELETE /session/*')
    expect((await post('/conversations/1/delete')).status).to.equal(404)
  })

  it('says what a conversation and the day cost', async () => {
    app = await startApp(reply(text('Hello.')))
    await post('/conversations', { prompt: 'Go' })
    await isOver(1)
    const [first] = await app.rows.list.all()
    expect(first?.cost).to.be.greaterThan(0)
    expect(await app.rows.list.costSince(0)).to.equal(first?.cost)
    expect(await app.rows.list.costSince(Date.now() + 1)).to.equal(0)
    expect(await page('/conversations/1')).to.match(/id="conversation-1-cost">\$/)
    expect(await page('/')).to.match(/id="cost-today">\$/)
  })
})

describe('a message', () => {
  let app: TestApp
  afterEach(() => app.close())

  const post = (path: string, fields: Record<string, string> = {}): Promise<Response> =>
    fetch(app.url + path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      redirect: 'manual',
    })
  const isOver = async (id: number): Promise<void> => {
    while ((await app.rows.store.read(id))?.closedAt == null) await nextTick()
  }

  it('is asked again, with its files, and its answer is taken along as it was written', async () => {
    app = await startApp([
      on('Look', reply(text('First **answer**.'))),
      on('Look', reply(text('Second.'))),
    ])
    await app.postFiles('/conversations', 'Look', { 'in.txt': 'hello' })
    await isOver(1)
    const answer = await app.get('/messages/1/answer.md')
    expect(answer.headers.get('content-type')).to.match(/^text\/plain/)
    expect(await answer.text()).to.equal('First **answer**.')
    expect((await post('/messages/1/again')).headers.get('location')).to.equal('/conversations/1')
    await isOver(2)
    const again = await app.rows.findMessage(2)
    expect(again?.body).to.equal('Look')
    expect(again?.files.map(({ name }) => name)).to.deep.equal(['in.txt'])
    expect(again?.turn_text).to.equal('Second.')
    for (const path of ['/messages/9/again', '/messages/9/withdraw', '/messages/x/again']) {
      expect((await post(path)).status, path).to.equal(404)
    }
    expect((await app.get('/messages/9/answer.md')).status).to.equal(404)
  })

  it('shows the picture that its agent has read, for as long as OpenCode has it', async () => {
    const gif = 'GIF89a and no more of it'
    app = await startApp(
      reply(
        tool.write({ filePath: 'a.gif', content: gif }),
        text('Now I look at it.'),
        tool.read({ filePath: 'a.gif' }),
        text('Seen.'),
      ),
    )
    await post('/conversations', { prompt: 'Look' })
    await isOver(1)
    const page = await (await app.get('/conversations/1')).text()
    const path = /class="seen" src="([^"]+)"/.exec(page)?.[1] ?? ''
    expect(path).to.match(/^\/messages\/1\/pictures\/prt_/)
    const picture = await app.get(path)
    expect(picture.headers.get('content-type')).to.equal('image/gif')
    expect(picture.headers.get('x-content-type-options')).to.equal('nosniff')
    expect(await picture.text()).to.equal(gif)
    for (const other of [
      path.replace(/0$/, '1'),
      path.replace('prt_', 'prt_x'),
      path.replace('/1/', '/2/'),
    ]) {
      expect((await app.get(other)).status, other).to.equal(404)
    }
  })

  it('is edited in the prompt box, also without scripts', async () => {
    app = await startApp([on('Look', reply(text('Seen.')))])
    await post('/conversations', { prompt: 'Look </textarea><b>' })
    const page = await (await app.get('/conversations/1?edit=1')).text()
    expect(page).to.contain('Look &#60;/textarea&#62;&#60;b&#62;</textarea')
    expect(page).to.match(/<div class="editing" id="editing" >[^]*name="replaces" value="1"/)
    expect(await (await app.get('/conversations/1')).text()).to.match(/id="editing" hidden/)
  })

  it('waits behind the answer before it, says so, and is taken back', async () => {
    app = await startApp([on('one', reply(text('One. '), gate('one')))])
    await post('/conversations', { prompt: 'one' })
    await post('/conversations/1/messages', { prompt: 'two', delivery: 'queue' })
    while ((await app.rows.store.read(1))?.status !== 'running') await nextTick()
    const waiting = await (await app.get('/conversations/1')).text()
    expect(waiting).to.match(/data-waiting[^]*Waiting for the answer before it/)
    expect((await post('/messages/2/withdraw')).status).to.equal(303)
    expect((await app.rows.findMessage(2))?.turn_status).to.equal('cancelled')
    expect(await app.text('/conversations/1')).to.contain('You took this back. It was never asked.')
    expect((await post('/messages/1/withdraw')).status, 'an agent has it').to.equal(303)
    expect((await app.rows.findMessage(1))?.turn_status).to.equal('running')
    app.impostor.gate('one').open()
    await isOver(1)
  })

  it('says how much of what its model can look at is in use, as far as that is known', async () => {
    app = await startApp([
      on(
        'One',
        reply(tool.read({ filePath: 'a' }), text('One.'), usage({ input: 40_000, output: 500 })),
      ),
      on('Two', reply(text('Two.'), gate('two'), usage({ input: 190_000, output: 100 }))),
    ])
    await post('/conversations', { prompt: 'One' })
    await isOver(1)
    const first = '40,500 of 200,000 tokens of the model’s context are in use'
    expect(await app.text('/conversations/1')).to.contain(first)
    await post('/conversations/1/messages', { prompt: 'Two' })
    const stream = await readStream(app.url + app.streamOf(1))
    await stream.until('Two.')
    expect(await app.text('/conversations/1'), 'while it is not known').to.contain(first)
    app.impostor.gate('two').open()
    const told = await stream.until('190,100 of 200,000')
    stream.close()
    expect(told).to.match(/action="update" target="conversation-1-context"[^]*data-full="true"/)
    await isOver(2)
    // A model that the server no longer offers.
    await app.database('messages').update({
      turn_reply: app.database.raw(`replace(turn_reply, 'standard', 'gone')`),
    })
    expect(await (await app.get('/conversations/1')).text()).to.match(
      /id="conversation-1-context"><\/span>/,
    )
  })

  it('goes to the model and the agent that were chosen for it, and says which', async () => {
    app = await startApp([on('Go', reply(text('Hello.')))])
    const [provider] = (await (await fetch(`${app.impostor.url}/config/providers`)).json())
      .providers
    const [model] = Object.keys(provider.models)
    const chosen = `${provider.id}/${model}`
    await post('/conversations', { prompt: 'Go', model: chosen, agent: 'plan' })
    const { body } = await app.impostor.next('POST /session/*/prompt_async')
    expect(body).to.deep.include({
      agent: 'plan',
      model: { providerID: provider.id, modelID: model },
    })
    await isOver(1)
    const page = await (await app.get('/conversations/1')).text()
    expect(page).to.contain(`${model} · plan`)
    expect(page).to.match(/<option value="plan" selected/)
    expect(page, 'sub-agents are not offered').to.not.contain('value="general"')
    // What is none goes nowhere.
    await post('/conversations', { prompt: 'Go', model: 'nonsense', agent: '' })
    expect((await app.rows.findMessage(2))?.turn_input).to.deep.equal({ text: 'Go' })
  })

  it('says on every page how the agent’s server is, and what becomes of what is sent', async () => {
    app = await startApp([], { hasWorker: false })
    await post('/conversations', { prompt: 'Go' })
    for (const [state, words] of [
      ['starting', 'Starting OpenCode. What you send waits until it is ready.'],
      ['restarting', 'Nothing is lost; what you send waits for it.'],
      ['down', 'Start the application again.'],
    ] as const) {
      app.say(state)
      for (const path of ['/', '/conversations/1']) {
        expect(await app.text(path), `${state} ${path}`).to.contain(words)
      }
    }
    app.say('up')
    expect(await (await app.get('/')).text()).to.match(/id="agent-banner" role="status"><\/div>/)
  })

  it('tells what went wrong unexpectedly on a page with a way on, and keeps what was written', async () => {
    app = await startApp(reply(text('Hello.')))
    await post('/conversations', { prompt: 'Go' })
    await isOver(1)
    await app.database.schema.renameTable('messages', 'gone')
    const page = await app.get('/conversations/1', { accept: 'text/html' })
    expect(page.status).to.equal(500)
    const shown = await page.text()
    expect(shown).to.match(/href="\/conversations\/1">Try again/)
    expect(shown).to.not.contain('no such table')
    const refused = await fetch(`${app.url}/conversations/1/messages`, {
      method: 'POST',
      body: new URLSearchParams({ prompt: 'Go' }),
      headers: { accept: 'text/vnd.turbo-stream.html, text/html' },
    })
    expect(refused.status).to.equal(500)
    expect(await refused.text()).to.match(/target="composer-problem">.*send it again/)
    await app.database.schema.renameTable('gone', 'messages')
    expect(app.errors.length).to.be.greaterThan(0)
  })

  it('says beside what was written what is wrong with it', async () => {
    app = await startApp()
    const refused = await fetch(`${app.url}/conversations`, {
      method: 'POST',
      body: new URLSearchParams({ prompt: ' ' }),
      headers: { accept: 'text/vnd.turbo-stream.html' },
    })
    expect(refused.status).to.equal(422)
    expect(await refused.text()).to.match(/target="composer-problem">.*Write something first/)
  })
})
