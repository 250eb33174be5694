import {
  ask,
  gate,
  on,
  providerError,
  reasoning,
  reply,
  retry,
  text,
  tool,
} from '@turnstead/testkit'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { readStream, startApp, type StreamReader, type TestApp } from './support/app.js'

describe('createApp', () => {
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

  it('begins a conversation, streams its reply and stores it', async () => {
    app = await startApp(reply(reasoning('Well.'), text('Hello **there**.')))
    const begun = await app.post('/conversations', 'Say hello')
    expect(begun.status).to.equal(303)
    expect(begun.headers.get('location')).to.equal('/conversations/1')

    const received = await (await follow(app.streamOf(1))).until(over)
    // A screen reader tells what changes within `role="status"`, not what takes its place.
    expect(received).to.contain('action="update" target="turn-1-standing"')
    const page = await (await app.get('/conversations/1')).text()
    expect(page).to.contain('<strong>there</strong>').and.contain('Well.')
    const message = await app.rows.findMessage(1)
    expect(message?.turn_status).to.equal('completed')
    expect(message?.turn_cost).to.be.greaterThan(0)
    expect(await app.text('/')).to.match(/A scripted title|Say hello/)
  })

  it('gives the agent the files that come with a message, shows them, and hands them out again', async () => {
    app = await startApp([
      on(
        'Look',
        reply(
          tool.write({ filePath: 'out/a.txt', content: 'A' }),
          tool.write({ filePath: 'b.txt', content: 'B' }),
          text('Seen.'),
        ),
      ),
    ])
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
    const sent = await app.postFiles('/conversations', 'Look', {
      'Größe "1".txt': 'hello',
      'p.png': png,
    })
    expect(sent.status).to.equal(303)
    await (await follow(app.streamOf(1))).until(over)
    expect(
      await readFile(join(await app.folderOf(1), 'uploads', 'Größe _1_.txt'), 'utf8'),
    ).to.equal('hello')
    const page = await (await app.get('/conversations/1')).text()
    expect(page).to.contain('<b>Größe _1_.txt</b>').and.contain('src="/messages/1/uploads/1?show"')
    expect(page).to.contain('dir="auto">Look</div>').and.contain('All files')
    const download = await app.get('/messages/1/uploads/0')
    expect(await download.text()).to.equal('hello')
    expect(download.headers.get('content-disposition')).to.match(
      /^attachment; filename="Gr__e _1_.txt"/,
    )
    const shown = await app.get('/messages/1/uploads/1?show')
    expect(shown.headers.get('content-disposition')).to.match(/^inline/)
    const zip = await app.get('/messages/1/files.zip')
    expect(zip.headers.get('content-type')).to.equal('application/zip')
    const bytes = Buffer.from(await zip.arrayBuffer())
    for (const name of ['out/a.txt', 'b.txt']) expect(bytes.includes(name), name).to.equal(true)
    for (const path of [
      '/messages/1/uploads/2',
      '/messages/1/uploads/x',
      '/messages/2/uploads/0',
      '/messages/2/files.zip',
    ]) {
      expect((await app.get(path)).status, path).to.equal(404)
    }
    expect(app.errors).to.deep.equal([])
  })

  it('says why it does not take a file, and keeps nothing of what it refuses', async () => {
    app = await startApp(reply(text('Never.')))
    const large = await app.postFiles('/conversations', 'Look', {
      a: 'x',
      b: Buffer.alloc(20_000_001),
    })
    expect(large.status).to.equal(422)
    expect(await large.text()).to.contain('A file may have at most 20 MB.')
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`f${index}`, 'x']))
    expect((await app.postFiles('/conversations', 'Look', many)).status).to.equal(422)
    expect((await app.postFiles('/conversations', '', { a: 'x' })).status).to.equal(422)
    expect(await app.storedFiles()).to.equal(0)
    expect(app.errors).to.deep.equal([])
  })

  it('shows on a page that comes in the middle what the others see', async () => {
    app = await startApp(reply(text('First half. '), gate('half'), text('Second half.')))
    await app.post('/conversations', 'Go')
    const early = await follow(app.streamOf(1))
    await early.until('First half.')
    expect(await app.text('/conversations/1'))
      .to.contain('First half.')
      .and.contain('Writing')

    const late = await follow(app.streamOf(1))
    expect(await late.until('First half.')).to.contain('data-kind="stop"')
    app.impostor.gate('half').open()
    for (const stream of [early, late]) {
      expect(await stream.until(over))
        .to.contain('Second half.')
        .and.contain('data-kind="send"')
    }
  })

  it('keeps the text of a turn that a person stops', async () => {
    app = await startApp(reply(text('As far as this. '), gate('never'), text('Not this.')))
    await app.post('/conversations', 'Go')
    const stream = await follow(app.streamOf(1))
    await stream.until('As far as this.')
    expect((await app.post('/messages/1/stop', '')).status).to.equal(303)
    await stream.until('You stopped this.')
    expect(await app.text('/conversations/1')).to.match(/As far as this\. You stopped this/)
    expect((await app.rows.findMessage(1))?.turn_status).to.equal('cancelled')
  })

  it('runs the prompts of a conversation one after the other', async () => {
    app = await startApp([
      on('one', reply(text('Answer one. '), gate('one'))),
      on('two', reply(text('Answer two.'))),
    ])
    await app.post('/conversations', 'one')
    const stream = await follow(app.streamOf(1))
    await stream.until('Answer one.')
    await app.post('/conversations/1/messages', 'two')
    await stream.until('id="turn-2"')
    expect(await app.text('/conversations/1')).to.match(
      /two [^]*The agent Waiting for the answer before it/,
    )
    app.impostor.gate('one').open()
    expect(await stream.until('Answer two.')).to.contain(over)
  })

  it('goes on in a conversation that the server has forgotten', async () => {
    app = await startApp([
      on('one', reply(text('Answer one.'))),
      on('two', reply(text('Answer two.'))),
    ])
    await app.post('/conversations', 'one')
    const stream = await follow(app.streamOf(1))
    await stream.until(over)
    await app.impostor.restart({ keep: false })
    await app.post('/conversations/1/messages', 'two')
    await (await follow(app.streamOf(1))).until('Answer two.')
    const { url, headers } = app.impostor
    const sessions = (await (await fetch(`${url}/session`, { headers })).json()) as { id: string }[]
    expect(sessions).to.have.length(1)
    const messages = await fetch(`${url}/session/${sessions[0]?.id}/message`, { headers })
    expect(await messages.text()).to.match(/one.*Answer one\..*two/s)
  })

  it('says in plain words why a turn failed, and nothing of what the provider said', async () => {
    app = await startApp(reply(providerError({ status: 401, message: 'key sk-1 of db.internal' })))
    await app.post('/conversations', 'Go')
    await (await follow(app.streamOf(1))).until(over)
    const page = await (await app.get('/conversations/1')).text()
    expect(page).to.contain('did not accept the key (401)').and.not.contain('sk-1')
  })

  it('says that the provider is asked again', async () => {
    app = await startApp(reply(retry({ retryAfterMs: 150 }), text('At last.')))
    await app.post('/conversations', 'Go')
    const stream = await follow(app.streamOf(1))
    await stream.until('OpenCode tries again')
    await stream.until('At last.')
  })

  it('shows a tool as it goes on, and hands out the file that it wrote', async () => {
    const content = '<script>alert(1)</script>'
    app = await startApp(
      reply(
        tool.write({ filePath: 'a/<img src=x>.html', content }, { gate: 'write' }),
        text('Written.'),
      ),
    )
    await app.post('/conversations', 'Go')
    const stream = await follow(app.streamOf(1))
    await stream.until('Running')
    app.impostor.gate('write').open()
    const received = await stream.until('class="file"')
    expect(received)
      .to.contain('Done')
      .and.not.match(/<img|<script/)

    const href = /href="(\/messages\/1\/files\/[^"]+)"/.exec(received)?.[1] ?? ''
    const file = await app.get(href)
    expect(await file.text()).to.equal(content)
    expect(file.headers.get('content-disposition')).to.match(/^attachment;/)
    expect(file.headers.get('x-content-type-options')).to.equal('nosniff')
    expect((await app.get(href.replace('/1/', '/2/'))).status).to.equal(404)
  })

  it('sends no path of this machine to a browser', async () => {
    const filePath = 'a/b.txt'
    let folder = ''
    app = await startApp([
      on('Hello', reply(text('Hello.'))),
      on('Go', (prompt) => {
        const absolute = join(folder, filePath)
        return reply(
          ask.permission(tool.write({ filePath: absolute, content: 'a' }), {
            patterns: [absolute],
          }),
          tool.bash({ command: `cat ${absolute}` }, { output: `${prompt.text} ${absolute}: a` }),
          text(`Done: ${absolute}`),
        )
      }),
    ])
    await app.post('/conversations', 'Hello')
    await (await follow(app.streamOf(1))).until(over)
    folder = await app.folderOf(1)
    await app.post('/conversations/1/messages', 'Go')
    const stream = await follow('/stream?c=1.2.')
    const received = await stream.until('class="ask"')
    const path = /action="(\/messages\/2\/asks\/[^"]+)"/.exec(received)?.[1] ?? ''
    const before = await (await app.get('/conversations/1')).text()
    await fetch(app.url + path, {
      method: 'POST',
      body: new URLSearchParams({ decision: 'yes' }),
      redirect: 'manual',
    })
    const all = (await stream.until(over)) + before + (await app.text('/conversations/1'))
    expect(all).to.contain(filePath).and.not.contain(dirname(folder))
  })

  it('answers HEAD on the stream of a conversation, and holds nothing', async () => {
    app = await startApp(reply(text('Hello.'), gate('never')))
    await app.post('/conversations', 'Go')
    const head = await fetch(app.url + app.streamOf(1), { method: 'HEAD' })
    expect(head.status).to.equal(200)
    expect(head.headers.get('content-type')).to.contain('event-stream')
  })

  it('lets a stop that came too late change nothing', async () => {
    app = await startApp(reply(text('Hello.')))
    await app.post('/conversations', 'Go')
    await (await follow(app.streamOf(1))).until(over)
    const headers = { accept: 'text/vnd.turbo-stream.html' }
    const late = await app.post('/messages/1/stop', '', headers)
    expect([late.status, await late.text()]).to.deep.equal([200, ''])
  })

  it('shows the rest of a conversation in which one reply cannot be read', async () => {
    app = await startApp(reply(text('Hello.')))
    await app.post('/conversations', 'Go')
    await (await follow(app.streamOf(1))).until(over)
    await app.database('messages').update({ turn_reply: '{"version":999}' })
    expect(await app.text('/conversations/1'))
      .to.contain('Go')
      .and.contain('tokens in')
  })

  it('shows what a hostile agent and a hostile person write as text', async () => {
    const hostile = '</p></template><script>alert(1)</script><img src=x onerror=alert(1)>'
    app = await startApp(
      reply(
        reasoning(hostile),
        text(hostile),
        tool.bash({ command: hostile }, { output: hostile }),
      ),
    )
    await app.post('/conversations', hostile)
    const stream = await follow(app.streamOf(1))
    const page = (await stream.until(over)) + (await (await app.get('/conversations/1')).text())
    expect(page).not.to.match(/<script>alert|<img/)
    expect(page).to.contain('&#60;script&#62;alert')
  })

  it('follows a turn that another process runs by its row', async () => {
    app = await startApp([], { hasWorker: false })
    const { store } = app.rows
    const { message } = await app.rows.startConversation({ uploads: [], body: 'Go' })
    const { id: turnId } = message
    const stream = await follow(app.streamOf(1))
    await stream.until('Waiting to start')
    const claim = { conversationId: 1, turnId, owner: 'another', leaseMs: 60_000 }
    expect((await store.claim(claim)).claimed).to.equal(true)
    await stream.until('Starting')
    await store.cancel({ turnId })
    await stream.until('You stopped this.')
  })

  it('sends nothing that another site asked for', async () => {
    app = await startApp()
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: app.url.replace('http:', 'http://x@evil.example:') },
    ]) {
      const { status } = await app.post('/conversations', 'Go', headers)
      expect(status, JSON.stringify(headers)).to.equal(403)
    }
    expect((await app.post('/conversations', 'Go', { origin: app.url })).status).to.equal(303)
    expect(await app.rows.list.all()).to.have.lengthOf(1)
  })

  it('knows the address of a proxy in front of it, whatever name the proxy passes on', async () => {
    const publicOrigin = 'https://chat.example.com'
    app = await startApp(undefined, { publicOrigin })
    const { request } = await import('node:http')
    const post = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve) => {
        const type = { 'content-type': 'application/x-www-form-urlencoded' }
        const options = { method: 'POST', headers: { ...type, ...headers } }
        request(`${app.url}/conversations`, options, (response) =>
          resolve(response.resume().statusCode),
        ).end('prompt=Go')
      })
    const passedOn = { host: 'chat.example.com' }
    expect(await post({ ...passedOn, origin: publicOrigin })).to.equal(303)
    expect(await post({ origin: publicOrigin }), 'its own name').to.equal(303)
    for (const origin of ['https://evil.example', 'http://chat.example.com', 'null']) {
      expect(await post({ origin }), origin).to.equal(403)
    }
    expect(await post({ host: 'evil.example', origin: publicOrigin })).to.equal(421)
  })

  it('answers only to its own name', async () => {
    app = await startApp()
    const { request } = await import('node:http')
    const status = await new Promise((resolve) => {
      const headers = { host: 'evil.example' }
      request(app.url, { headers }, (response) => resolve(response.resume().statusCode)).end()
    })
    expect(status).to.equal(421)
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1')
    socket.write('GET / HTTP/1.0\r\n\r\n')
    expect(String(await socket.toArray())).to.match(/^HTTP\/1\.\d 421 /)
    expect(app.errors).to.deep.equal([])
  })

  it('lets a page load nothing but its own assets', async () => {
    app = await startApp()
    const { headers } = await app.get('/')
    // With `no-referrer` a browser says `Origin: null` in a form that no script sends.
    expect(headers.get('referrer-policy')).to.equal('same-origin')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).to.contain("default-src 'none'").and.contain("script-src 'self';")
    for (const asset of [
      'style/base.css',
      'chat.js',
      'turbo/turbo.es2017-esm.js',
      'inter/index.css',
    ]) {
      expect((await app.get(`/assets/${asset}`)).status, asset).to.equal(200)
    }
    expect((await app.get('/assets/../package.json')).status).to.equal(404)
  })

  it('takes the longest prompt in any language, a line’s end being one character', async () => {
    app = await startApp()
    for (const line of ['日'.repeat(15), 'a'.repeat(15)]) {
      const prompt = `${line}\r\n`.repeat(2_000)
      expect((await app.post('/conversations', prompt)).status).to.equal(303)
    }
  })

  it('says what is wrong with a request', async () => {
    app = await startApp()
    expect((await app.post('/conversations', '  ')).status).to.equal(422)
    const long = await app.post('/conversations', '日'.repeat(32_001))
    expect([long.status, await long.text()]).to.satisfy(
      ([status, page]: [number, string]) =>
        status === 422 && page.includes('at most 32000 characters'),
    )
    expect((await app.get('/assets/nowhere.css')).status).to.equal(404)
    for (const path of [
      '/conversations/1',
      '/conversations/1e0',
      '/conversations/%ff',
      '/nowhere',
    ]) {
      expect((await app.get(path)).status, path).to.be.oneOf([400, 404])
    }
    expect((await app.get('/conversations/9/stream')).status).to.equal(404)
    expect((await app.post('/messages/9/stop', '')).status).to.equal(404)
    expect(app.errors).to.deep.equal([])
  })
})
