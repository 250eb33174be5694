import type { IncomingMessage } from 'node:http'
import { ask, on, reply, text, tool } from '@turnstead/testkit'
import { readdir, readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { createHeaderUsers } from '../src/users/header-users.js'
import { createNamedUsers } from '../src/users/named-users.js'
import { readStream, startApp, type TestApp } from './support/app.js'

const web = new URL('../src/web/', import.meta.url)
const over = 'class="facts"'

describe('the chat of several users', () => {
  let app: TestApp
  afterEach(() => app.close())

  const as = (user: string): Record<string, string> => ({ 'x-user': user })
  const users = createHeaderUsers('x-user')

  /** A conversation of Ann, with a file that came and one that was made. */
  const begin = async (): Promise<void> => {
    const write = reply(tool.write({ filePath: 'a.txt', content: 'secret' }), text('Secret.'))
    app = await startApp(
      [
        on('Write', write),
        on('Write', write),
        on('Ask', reply(ask.permission(tool.write({ filePath: 'b.txt', content: 'b' })))),
      ],
      { users },
    )
    const body = new FormData()
    body.append('prompt', 'Write')
    body.append('files', new File(['came'], 'came.txt'))
    await fetch(`${app.url}/conversations`, {
      method: 'POST',
      body,
      headers: as('ann'),
      redirect: 'manual',
    })
    const stream = await readStream(`${app.url}${app.streamOf(1)}`, as('ann'))
    await stream.until('class="file"')
    await stream.until(over)
    stream.close()
  }

  it('shows each user their own conversations, in the list and in no other place', async () => {
    await begin()
    const home = async (user: string): Promise<string> => (await app.get('/', as(user))).text()
    expect(await home('ann')).to.contain('href="/conversations/1"')
    expect(await home('bob'))
      .to.not.contain('/conversations/1')
      .and.not.contain('Write')
    await app.post('/conversations', 'Write', as('bob'))
    expect(await home('bob')).to.contain('href="/conversations/2"')
    expect(await home('ann')).to.not.contain('href="/conversations/2"')
    expect((await app.get('/conversations/2', as('ann'))).status).to.equal(404)
  })

  it('answers for what is another’s as for what is not there', async () => {
    await begin()
    const page = await (await app.get('/conversations/1', as('ann'))).text()
    const made = /href="(\/messages\/1\/files\/[^"]+)"/.exec(page)?.[1] ?? ''
    const reads = [
      ...['/conversations/1', '/conversations/1/older?before=2', '/messages/1/answer.md'],
      ...[made, '/messages/1/files.zip', '/messages/1/uploads/0'],
    ]
    for (const path of reads) {
      expect((await app.get(path, as('ann'))).status, path).to.equal(200)
      expect((await app.get(path, as('bob'))).status, path).to.equal(404)
      expect((await app.get(path)).status, path).to.equal(401)
    }
    await app.post('/conversations/1/messages', 'Ask', as('ann'))
    const stream = await readStream(`${app.url}/stream?c=1.2.`, as('ann'))
    const form = await stream.until('class="ask"')
    const askPath = /action="(\/messages\/2\/asks\/[^"]+)"/.exec(form)?.[1] ?? ''
    while ((await app.rows.store.read(2))?.waitingSince === null) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (const [path, prompt] of [
      ['/conversations/1/messages', 'Hello'],
      ['/conversations/1/title', ''],
      ['/conversations/1/delete', ''],
      ['/messages/1/again', ''],
      ['/messages/2/withdraw', ''],
      ['/messages/2/stop', ''],
    ] as const) {
      expect((await app.post(path, prompt, as('bob'))).status, path).to.equal(404)
      expect((await app.post(path, prompt)).status, path).to.equal(401)
    }
    const answer = (headers: Record<string, string>): Promise<Response> =>
      fetch(app.url + askPath, {
        method: 'POST',
        body: new URLSearchParams({ decision: 'yes' }),
        headers,
        redirect: 'manual',
      })
    expect((await answer(as('bob'))).status).to.equal(404)
    expect((await answer({})).status).to.equal(401)
    expect(await app.readAgentFile(1, 'b.txt')).to.equal(null)
    expect((await app.rows.store.read(2))?.status).to.equal('running')
    expect((await answer(as('ann'))).status).to.equal(303)
    await stream.until(over)
    stream.close()
    expect(await app.readAgentFile(1, 'b.txt')).to.equal('b')
    expect((await app.rows.store.read(2))?.asks[0]?.answeredBy).to.equal('header:ann')
  })

  it('asks on each route whose it is, also on those that come later', async () => {
    await begin()
    const source = (await readdir(web)).map((name) => readFile(new URL(name, web), 'utf8'))
    const routes = (await Promise.all(source)).flatMap((code) =>
      [...code.matchAll(/\.(get|post)\(\s*'(\/[^']*:[^']*)'/g)].map(
        ([, method = '', path = '']) => [method.toUpperCase(), path] as const,
      ),
    )
    expect(routes).to.have.length.above(12)
    for (const [method, route] of routes) {
      // Of a file or an ask there is none by this name: that is the second question.
      const path = route.replace(':id', '1').replace(/:\w+/, '0')
      const ask = async (headers: Record<string, string>): Promise<number> => {
        const body = method === 'POST' ? { body: new URLSearchParams({ prompt: 'x' }) } : {}
        const options = { method, headers, redirect: 'manual', ...body } as const
        return (await fetch(app.url + path, options)).status
      }
      expect(await ask(as('bob')), `${method} ${route}`).to.equal(404)
      expect(await ask({}), `${method} ${route}`).to.equal(401)
    }
    expect(await app.text('/conversations/1')).to.equal('You are not known here.')
    const page = await (await app.get('/conversations/1', as('ann'))).text()
    expect(page).to.contain('Secret.').and.contain('Write')
    expect((await app.rows.latestTurns(1)).turns).to.have.lengthOf(1)
  })

  it('streams to no one what is another’s', async () => {
    await begin()
    const stream = await readStream(`${app.url}${app.streamOf(1)}`, as('bob'))
    // How the agent's server is, is for everybody.
    expect(await stream.rest())
      .to.match(/idle$/)
      .and.not.match(/turn-|conversation|composer/)
    expect((await app.get(app.streamOf(1))).status).to.equal(401)
  })

  it('gives each conversation a folder of its own', async () => {
    await begin()
    await app.post('/conversations', 'Write', as('bob'))
    const [first, second] = [await app.folderOf(1), await app.folderOf(2)]
    expect(first).to.not.equal(second)
    const stream = await readStream(`${app.url}${app.streamOf(2)}`, as('bob'))
    await stream.until(over)
    stream.close()
    expect(await app.readAgentFile(2, 'a.txt')).to.equal('secret')
    expect(await app.readAgentFile(2, 'uploads/came.txt')).to.equal(null)
  })

  it('believes no header that was sent twice, and needs no name for its assets and its health', async () => {
    app = await startApp([], { users })
    for (const name of ['', 'ann, bob', 'x'.repeat(201)]) {
      expect((await app.get('/', as(name))).status, name).to.equal(401)
    }
    expect((await app.get('/assets/style/base.css')).status).to.equal(200)
    expect((await app.get('/health')).status).to.equal(200)
  })

  it('believes no one who comes by another way than the proxy', async () => {
    app = await startApp([], { users: createHeaderUsers('x-user', ['10.0.0.0/8', '::1']) })
    expect((await app.get('/', as('ann'))).status).to.equal(401)
    await app.close()
    app = await startApp([], { users: createHeaderUsers('x-user', ['127.0.0.1']) })
    expect((await app.get('/', as('ann'))).status).to.equal(200)
    const find = (remoteAddress: string | undefined): unknown => {
      const request = { headers: { 'x-user': 'you' }, socket: { remoteAddress } }
      return createHeaderUsers('x-user').find(request as unknown as IncomingMessage)
    }
    // Nor is one that the proxy calls `you` whoever was here before there was a log-in.
    const you = { id: 'header:you', name: 'you' }
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
      expect(find(address), address).to.deep.equal(you)
    }
    for (const address of ['10.0.0.1', '::ffff:10.0.0.1', 'fe80::1', '', undefined]) {
      expect(find(address), address).to.equal(null)
    }
  })

  it('asks for a name where that is the log-in, and knows who gave it', async () => {
    const named = createNamedUsers({ secret: 'a secret of the tests', isSecure: false })
    app = await startApp(reply(text('Hello.')), { users: named })
    const page = { accept: 'text/html' }
    const asked = await fetch(`${app.url}/conversations/1`, { headers: page, redirect: 'manual' })
    expect(asked.headers.get('location')).to.equal('/log-in?to=%2Fconversations%2F1')
    expect(await app.text('/log-in?to=/conversations/1')).to.contain('Who are you?')
    const logIn = (name: string, to = '/'): Promise<Response> =>
      fetch(`${app.url}/log-in`, {
        method: 'POST',
        body: new URLSearchParams({ name, to }),
        redirect: 'manual',
      })
    const cookieOf = (response: Response): string =>
      response.headers.get('set-cookie')?.split(';')[0] ?? ''

    for (const name of ['', '   ', 'x'.repeat(61), 'a\u0000b']) {
      expect((await logIn(name)).status, JSON.stringify(name)).to.equal(422)
    }
    for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example', 'x']) {
      expect((await logIn('Ann', to)).headers.get('location'), to).to.equal('/')
    }
    const ann = { cookie: cookieOf(await logIn(' Ann  Ö. ')) }
    const [bob] = [{ cookie: cookieOf(await logIn('Bob')) }]
    await app.post('/conversations', 'Hello', ann)
    expect((await app.get('/conversations/1', ann)).status).to.equal(200)
    expect((await app.get('/conversations/1', bob)).status).to.equal(404)
    const again = { cookie: cookieOf(await logIn('ann ö.')) }
    expect((await app.get('/conversations/1', again)).status).to.equal(200)

    const [name = '', signature = ''] = ann.cookie.split('=')[1]?.split('.') ?? []
    const [other = ''] = bob.cookie.split('=')[1]?.split('.') ?? []
    for (const forged of [`${other}.${signature}`, `${name}.`, name, `.${signature}`, '']) {
      const { status } = await app.get('/', { cookie: `chat_user=${forged}` })
      expect(status, forged).to.equal(401)
    }
    const home = await (await app.get('/', ann)).text()
    expect(home).to.contain('<span>Ann Ö.</span>').and.contain('action="/log-out"')
    const left = await fetch(`${app.url}/log-out`, { method: 'POST', redirect: 'manual' })
    expect(left.headers.get('set-cookie')).to.match(/^chat_user=;.*Max-Age=0/)
  })
})
