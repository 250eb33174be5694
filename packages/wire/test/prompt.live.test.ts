import { writeFileSync } from 'node:fs'
import { createServer, request as forward, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { expect } from 'chai'
import { after, afterEach, before, beforeEach, describe, it } from 'mocha'

import {
  always,
  gate,
  on,
  reply,
  startScriptedModel,
  text,
  type ScriptedModel,
} from '@turnstead/testkit'
import {
  findOpencodeBinary,
  machineFactor,
  startOpencode,
  type RunningOpencode,
} from '@turnstead/testkit/opencode'
import {
  createClient,
  createMessageId,
  createPartId,
  type Client,
  type IdentifiedPrompt,
  type PromptPart,
} from '../src/index.js'
import { failure } from './support/failure.js'

const binary = findOpencodeBinary()
const suite = binary === null ? describe.skip : describe

suite('prompts with files on the real server', function () {
  this.timeout(120_000 * machineFactor())
  let model: ScriptedModel
  let server: RunningOpencode
  let client: Client
  let proxy: Server
  /** So many answers to prompts get lost on the way. */
  let losses = 0

  before(async () => {
    model = await startScriptedModel([always(/./, reply(text('Read.')))])
    server = await startOpencode({ model })
    writeFileSync(join(server.directory, 'notes.txt'), 'line one\nline two\n')
    proxy = createServer((request, response) => {
      const { hostname: host, port } = new URL(server.url)
      const { url: path = '/', method, headers } = request
      const onward = forward({ host, port, path, method, headers }, (answer) => {
        if (path.includes('/prompt_async') && losses > 0) {
          losses -= 1
          answer.resume()
          response.socket?.destroy()
          return
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      onward.on('error', () => response.destroy())
      request.pipe(onward)
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  })
  after(async () => {
    proxy.closeAllConnections()
    await new Promise((resolve) => proxy.close(resolve))
    await server.close()
    await model.close()
  })
  beforeEach(() => {
    losses = 0
    client = createClient({
      baseUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      username: server.username,
      password: server.password,
      directory: server.directory,
      allowFiles: [server.directory],
      env: {},
    })
  })
  afterEach(() => client.close())

  const file = (): PromptPart => ({
    type: 'file',
    mime: 'text/plain',
    filename: 'notes.txt',
    url: `file://${server.directory}/notes.txt`,
  })
  const note: PromptPart = { type: 'file', mime: 'text/plain', url: 'data:text/plain,line%20two' }
  const prompt = (...parts: PromptPart[]): IdentifiedPrompt => ({
    messageID: createMessageId(),
    parts: parts.map((part) => ({ ...part, id: createPartId() })),
  })
  const finished = async (sessionId: string, answers = 1): Promise<void> => {
    const events = client.events.subscribe({ session: sessionId })
    await events.ready
    const isFinished = async (): Promise<boolean> => {
      const { messages } = await client.message.newest(sessionId, { limit: 50 })
      const ended = messages.filter(({ info }) => info.role === 'assistant' && info.finish)
      return ended.length >= answers
    }
    if (await isFinished()) return
    for await (const event of events) {
      if (event.type === 'message.updated' && (await isFinished())) return
    }
  }
  const copies = async (sessionId: string): Promise<number> =>
    (await client.session.messages(sessionId))
      .flatMap(({ parts }) => parts)
      .filter((part) => part.type === 'text' && part.text.includes('line two')).length

  for (const [name, part] of [
    ['a file', file],
    ['a text', () => note],
  ] as const) {
    it(`has ${name} once in a prompt whose answer was lost`, async () => {
      const { id } = await client.session.create({ title: 'lost' })
      losses = 1
      const verdict = await client.prompt.send(id, prompt({ type: 'text', text: 'Read' }, part()))
      expect(verdict).to.include({ delivered: 'yes', evidence: 'found', sends: 1 })
      await finished(id)
      expect(await copies(id)).to.equal(1)
    })

    it(`has ${name} once in a prompt that the server had just taken when it was killed`, async () => {
      const { id } = await client.session.create({ title: 'killed early' })
      const one = prompt({ type: 'text', text: 'Read' }, part())
      await client.prompt.send(id, one)
      await server.restart()
      const verdict = await client.prompt.send(id, one, { rerun: true })
      expect(verdict.delivered).to.equal('yes')
      await finished(id)
      expect(await copies(id)).to.equal(1)
    })

    it(`has ${name} once in a prompt that is run again after the server was killed`, async () => {
      const { id } = await client.session.create({ title: 'killed' })
      const word = `Slow ${name}`
      model.answer(on(word, reply(gate(word), text('Done.'))))
      const asked = model.next(({ prompt: seen }) => seen.includes(word), { timeoutMs: 60_000 })
      const one = prompt({ type: 'text', text: word }, part())
      await client.prompt.send(id, one)
      await asked
      await server.restart()
      model.gate(word).open()
      const verdict = await client.prompt.send(id, one, { rerun: true })
      expect(verdict).to.include({ delivered: 'yes', evidence: 'accepted' })
      await finished(id)
      expect(await copies(id)).to.equal(1)
      const users = (await client.session.messages(id)).filter(({ info }) => info.role === 'user')
      expect(users).to.have.length(1)
    })
  }

  it('reads the messages of a session whose lists the server refuses', async () => {
    const { id } = await client.session.create({ title: 'format' })
    await client.session.prompt(id, { parts: [{ type: 'text', text: 'a' }] })
    const odd = prompt({ type: 'text', text: 'b' })
    await client.session.prompt(id, { ...odd, format: { type: 'text' } })
    expect((await failure(client.session.messages(id))).code).to.equal('unreadable_entry')
    expect(await client.message.exists(id, odd.messageID)).to.equal(true)
    const { messages, reached } = await client.message.newest(id, { limit: 50 })
    expect([messages.length, reached]).to.deep.equal([4, 'start'])
    const looked = await client.prompt.send(id, odd, { mayBeSent: true })
    expect(looked).to.include({ delivered: 'yes', evidence: 'found', sends: 0 })
  })
})
