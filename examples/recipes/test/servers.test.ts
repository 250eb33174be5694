import { foldChange } from '@turnstead/reply/changes'
import type { ReplyView } from '@turnstead/reply'
import { ask, gate, type Impostor, on, reply, startImpostor, text, tool } from '@turnstead/testkit'
import { DefaultChatTransport, readUIMessageStream, type UIMessage } from 'ai'
import { expect } from 'chai'
import { makeWorkerUtils } from 'graphile-worker'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endAll, start, type Started } from './support/processes.js'
import { openRows, postgresProblem, type Rows } from './support/rows.js'
import { readEvents } from './support/read-events.js'

const textOf = (view: ReplyView): string =>
  view.parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('')

const wordsOf = (message: UIMessage): string =>
  message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

const servers = ['express', 'fastify', 'hono']
const folder = '../../src/servers'

describe('a host of its own', () => {
  for (const server of servers) {
    it(`takes at most 80 lines on ${server}: rows, routes, ownership, web and worker process`, async () => {
      const files = ['host.ts', 'worker.ts', `${server}.ts`]
      const texts = await Promise.all(
        files.map((file) => readFile(new URL(`../src/servers/${file}`, import.meta.url), 'utf8')),
      )
      // Of this repository such a file takes the queue alone; what else it needs is installed.
      for (const text of texts) {
        const ours = [...text.matchAll(/ from '(\..*)'/g)].map(([, path]) => path)
        expect(['./host.js', '../queues/graphile-worker.js']).to.include.members(ours)
      }
      const lines = texts.flatMap((text) => text.trimEnd().split('\n'))
      expect(lines).to.have.length.below(81)
      for (const line of lines) expect(line.length).to.be.at.most(100)
    })
  }
})

for (const server of servers) {
  describe(`the web process on ${server}`, function () {
    this.timeout(120_000)
    if (postgresProblem !== null) {
      it(`serves turns of a worker process (skipped: ${postgresProblem})`)
      return
    }

    let rows: Rows
    let impostor: Impostor
    let conversationId: number
    let env: Readonly<Record<string, string>>
    let urls: readonly string[]
    let processes: readonly Started[]

    beforeEach(async () => {
      rows = await openRows()
      impostor = await startImpostor([])
      conversationId = await rows.addConversation(7)
      const schema = `graphile_${randomBytes(6).toString('hex')}`
      const utils = await makeWorkerUtils({ connectionString: rows.url, schema })
      await utils.migrate()
      await utils.release()
      env = {
        PORT: '0',
        SCHEMA: schema,
        DATABASE_URL: rows.url,
        FILES: await mkdtemp(join(tmpdir(), 'turnstead-files-')),
        OPENCODE_URL: impostor.url,
        OPENCODE_DIRECTORY: impostor.directory,
      }
      const [web, other, worker] = await Promise.all([
        start(`${folder}/${server}.ts`, env),
        start(`${folder}/${server}.ts`, env),
        start(`${folder}/worker.ts`, { ...env, OWNER: 'worker-1' }),
      ])
      // What each prints of where it listens ends with the port.
      const ports = [web, other].map(({ said }) => /(\d+)\D*$/.exec(said)?.[1])
      urls = ports.map((port) => `http://127.0.0.1:${port}/agent`)
      processes = [web, other, worker]
    })
    afterEach(async () => {
      await endAll()
      await rows.knex.raw('drop schema ?? cascade', [env['SCHEMA'] ?? ''])
      await rows.close()
      await impostor.close()
      await rm(env['FILES'] ?? '', { recursive: true })
    })

    const call = (path: string, init: RequestInit & { user?: number; web?: number } = {}) => {
      const { user = 7, web = 0, ...more } = init
      const headers = { 'x-user': String(user), 'content-type': 'application/json' }
      return fetch(`${urls[web]}${path}`, { ...more, headers: { ...headers, ...more.headers } })
    }
    const post = (path: string, body: unknown, more: { user?: number; web?: number } = {}) =>
      call(path, { method: 'POST', body: JSON.stringify(body), ...more })
    const begin = async (words: string): Promise<number> => {
      const response = await post(`/conversations/${conversationId}/turns`, { text: words })
      expect(response.status).to.equal(201)
      return ((await response.json()) as { turnId: number }).turnId
    }

    /** Reads events until the view says so, or the end; with the last id. */
    const follow = async (
      turnId: number,
      until: (view: ReplyView) => boolean,
      { web = 0, lastEventId }: { web?: number; lastEventId?: string } = {},
    ): Promise<{ view: ReplyView; lastEventId: string; isEnd: boolean }> => {
      const leave = new AbortController()
      const headers: Record<string, string> =
        lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
      const response = await call(`/turns/${turnId}/events`, { web, headers, signal: leave.signal })
      expect(response.headers.get('content-type')).to.match(/^text\/event-stream/)
      let view: ReplyView | null = null
      let last = ''
      try {
        for await (const { id, event, data } of readEvents(response)) {
          last = id ?? last
          if (event === 'snapshot') view = JSON.parse(data) as ReplyView
          else if (event === 'change' && view !== null) view = foldChange(view, JSON.parse(data))
          if (view !== null && (event === 'end' || until(view))) {
            return { view, lastEventId: last, isEnd: event === 'end' }
          }
        }
      } finally {
        leave.abort()
      }
      throw new Error('the stream ended without an end')
    }

    it('follows a turn of another process, comes back to any web process, and shows it all', async () => {
      impostor.answer(on('Hello', reply(text('Seen. '), gate('held'), text('Rest.'))))
      const turnId = await begin('Hello')
      const first = await follow(turnId, (view) => textOf(view).includes('Seen.'))
      expect(first.isEnd).to.equal(false)
      const again = follow(turnId, () => false, { web: 1, lastEventId: first.lastEventId })
      impostor.gate('held').open()
      const whole = await again
      expect(whole.isEnd).to.equal(true)
      expect(textOf(whole.view)).to.equal('Seen. Rest.')
    })

    it('streams to useChat, which resumes after a reload', async () => {
      impostor.answer(on('Hello', reply(text('Seen. '), gate('held'), text('Rest.'))))
      const chatAt = (web: number) =>
        new DefaultChatTransport({
          api: `${urls[web]}/chat`,
          headers: { 'x-user': '7' },
        })
      const chatId = String(conversationId)
      const message: UIMessage = {
        id: 'user-1',
        role: 'user',
        parts: [{ type: 'text', text: 'Hello' }],
      }
      const leave = new AbortController()
      const stream = await chatAt(0).sendMessages({
        chatId,
        messages: [message],
        trigger: 'submit-message',
        messageId: undefined,
        abortSignal: leave.signal,
      })
      for await (const shown of readUIMessageStream({ stream })) {
        if (wordsOf(shown).includes('Seen.')) break
      }
      leave.abort()
      const resumed = await chatAt(1).reconnectToStream({ chatId })
      impostor.gate('held').open()
      let last: UIMessage | null = null
      for await (const shown of readUIMessageStream({ stream: resumed! })) last = shown
      expect(wordsOf(last!)).to.equal('Seen. Rest.')
      expect(await chatAt(1).reconnectToStream({ chatId })).to.equal(null)
    })

    it('streams a question that waits without a worker again after a reload', async () => {
      const turn = { conversation_id: conversationId, turn_status: 'waiting' }
      await rows.knex('messages').insert({ ...turn, turn_input: JSON.stringify({ text: 'Write' }) })
      const leave = new AbortController()
      const path = `/chat/${conversationId}/stream`
      const response = await call(path, { signal: leave.signal })
      leave.abort()
      expect(response.status).to.equal(200)
    })

    it('stops a turn of the worker process, and keeps what there was', async () => {
      impostor.answer(on('Hello', reply(text('Seen. '), gate('held'), text('Rest.'))))
      const turnId = await begin('Hello')
      await follow(turnId, (view) => textOf(view).includes('Seen.'))
      const stopped = await post(`/turns/${turnId}/stop`, {}, { web: 1 })
      expect(await stopped.json()).to.deep.equal({ stopped: true })
      const { view, isEnd } = await follow(turnId, () => false)
      expect(isEnd).to.equal(true)
      expect(textOf(view)).to.equal('Seen. ')
      const row = await rows.until(turnId, 'cancelled')
      expect(row['turn_text']).to.equal('Seen. ')
      const aborts = impostor.journal.filter(({ path }) => path.endsWith('/abort'))
      expect(aborts).to.have.length.above(0)
    })

    it('answers what the agent asks, and serves the file that it then writes', async () => {
      impostor.answer(
        on(
          'Write',
          reply(
            ask.permission(tool.write({ filePath: 'notes.md', content: '# Notes\n' })),
            text('Done.'),
          ),
        ),
      )
      const turnId = await begin('Write')
      const asked = await follow(turnId, ({ asks }) => asks.some(({ state }) => state === 'open'))
      const askId = asked.view.asks[0]!.id
      const path = `/turns/${turnId}/asks/${askId}`
      expect((await post(path, { action: 'nonsense' }, { web: 1 })).status).to.equal(400)
      expect((await post(path, { action: 'allow' }, { web: 1 })).status).to.equal(200)
      expect((await post(path, { action: 'allow' })).status).to.equal(409)
      const { view } = await follow(turnId, () => false)
      expect(textOf(view)).to.equal('Done.')
      await rows.until(turnId, 'completed')
      while ((await rows.knex('messages').where('id', turnId).first()).turn_closed_at === null) {
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      const listed = (await (await call(`/turns/${turnId}/files`)).json()) as {
        files: { id: string; path: string }[]
      }
      expect(listed.files.map((file) => file.path)).to.deep.equal(['notes.md'])
      const file = `/turns/${turnId}/files/${listed.files[0]!.id}`
      const download = await call(file, { web: 1 })
      expect(await download.text()).to.equal('# Notes\n')
      expect(download.headers.get('content-disposition')).to.contain('notes.md')
      expect((await call(`/turns/${turnId}/files/nonsense`)).status).to.equal(404)
      expect((await call(file, { user: 8 })).status).to.equal(404)
    })

    it('knows no one else’s conversations', async () => {
      impostor.answer(on('Hello', reply(text('Secret.'))))
      const turnId = await begin('Hello')
      await rows.until(turnId, 'completed')
      const part = { type: 'text', text: 'Hi' }
      const chat = { id: String(conversationId), messages: [{ role: 'user', parts: [part] }] }
      const statuses = await Promise.all([
        post(`/conversations/${conversationId}/turns`, { text: 'Hi' }, { user: 8 }),
        post('/chat', chat, { user: 8 }),
        call(`/chat/${conversationId}/stream`, { user: 8 }),
        call(`/turns/${turnId}/events`, { user: 8 }),
        post(`/turns/${turnId}/stop`, {}, { user: 8 }),
        post(`/turns/${turnId}/asks/per_1`, { action: 'allow' }, { user: 8 }),
        call(`/turns/${turnId}/files`, { user: 8 }),
        call(`/turns/${turnId}/files/nonsense`, { user: 8 }),
        call(`/turns/${turnId}/events`, { headers: { 'x-user': '' } }),
        call(`/turns/1 or 1=1/events`),
      ])
      for (const { status } of statuses) expect(status).to.equal(404)
      expect(await rows.knex('messages')).to.have.length(1)
    })

    it('takes no form of another site, no body without an end, and nothing beside its prefix', async () => {
      const path = `/conversations/${conversationId}/turns`
      const text = JSON.stringify({ text: 'Hi' })
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
      ]) {
        const headers = { 'content-type': type }
        const response = await call(path, { method: 'POST', body: text, headers })
        expect(response.status).to.equal(415)
      }
      const long = await post(path, { text: 'a'.repeat(5_000_000) })
      expect(long.status).to.equal(413)
      const { origin } = new URL(urls[0]!)
      expect((await fetch(`${origin}${path}`, { method: 'POST', body: text })).status).to.equal(404)
      expect((await call(path)).status).to.equal(405)
      expect(await rows.knex('messages')).to.have.length(0)
    })

    it('answers HEAD, lets go who leaves, and ends when it is told to', async () => {
      impostor.answer(on('Hello', reply(text('Seen. '), gate('held'), text('Rest.'))))
      const turnId = await begin('Hello')
      const head = await call(`/turns/${turnId}/events`, { method: 'HEAD' })
      expect(head.headers.get('content-type')).to.match(/^text\/event-stream/)
      await follow(turnId, (view) => textOf(view).includes('Seen.'))
      const open = await call(`/turns/${turnId}/events`, { web: 1 })
      expect(await Promise.all(processes.map((each) => each.end('SIGTERM')))).to.deep.equal([
        0, 0, 0,
      ])
      await open.body?.cancel().catch(() => undefined)
      for (const each of processes.slice(0, 2)) expect(each.errors()).to.equal('')
      expect(await rows.status(turnId)).to.equal('running')
    })
  })
}
