import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import {
  ask,
  createManualClock,
  gate,
  reply,
  retry,
  startImpostor,
  text,
  tool,
  type Impostor,
  type PublishedEvent,
} from '../src/index.js'
import { createSession, lastText, prompt, send } from './support/client.js'

interface Shown {
  readonly info: {
    readonly id: string
    readonly role: string
    readonly parentID?: string
    readonly error?: { readonly name: string }
  }
  readonly parts: readonly {
    readonly type: string
    readonly text?: string
    readonly state?: { readonly status: string; readonly error?: string }
  }[]
}

const asks = { title: 'test', permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] }
const writing = reply(tool.write({ filePath: 'a.txt', content: 'a\n' }), text('Written.'))

describe('Impostor', () => {
  let impostor: Impostor
  afterEach(() => impostor.close())

  const messages = async (id: string): Promise<readonly Shown[]> =>
    (await send(impostor.url, 'GET', `/session/${id}/message`)).body as Shown[]
  const idle = (id: string): Promise<PublishedEvent> =>
    impostor.events.next(
      (event) => event.type === 'session.idle' && event.properties['sessionID'] === id,
    )
  const asked = async (): Promise<string> =>
    String(
      (await impostor.events.next((event) => event.type === 'permission.asked')).properties['id'],
    )

  it('answers 204 before any event of the turn', async () => {
    impostor = await startImpostor(reply(text('x')))
    const id = await createSession(impostor.url)
    const before = impostor.events.entries.length
    const sending = prompt(impostor.url, id, 'go')
    expect(await sending).to.equal(204)
    expect((await idle(id)).type).to.equal('session.idle')
    const order = impostor.events.entries.slice(before).map((event) => event.type)
    expect(order.indexOf('message.updated')).to.be.lessThan(order.indexOf('session.status'))
  })

  it('shows an empty text while it streams', async () => {
    impostor = await startImpostor(reply(text('half '), gate('middle'), text('whole')))
    const id = await createSession(impostor.url)
    await prompt(impostor.url, id, 'go')
    await impostor.gate('middle').reached()
    expect(await lastText(impostor.url, id)).to.equal('')
    impostor.gate('middle').open()
    await idle(id)
    expect(await lastText(impostor.url, id)).to.equal('half whole')
  })

  it('keeps directories apart', async () => {
    impostor = await startImpostor(writing, { directory: '/one' })
    const id = await createSession(impostor.url, asks)
    await prompt(impostor.url, id, 'go')
    const request = await asked()
    expect((await send(impostor.url, 'GET', '/permission?directory=/two')).body).to.deep.equal([])
    expect(
      (
        await send(impostor.url, 'POST', `/permission/${request}/reply?directory=/two`, {
          reply: 'once',
        })
      ).status,
    ).to.equal(404)
    expect(
      (
        await send(impostor.url, 'GET', '/session/status', undefined, {
          'x-opencode-directory': '/two',
        })
      ).body,
    ).to.deep.equal({})
    expect((await send(impostor.url, 'GET', '/session/status')).body).to.deep.equal({
      [id]: { type: 'busy' },
    })
  })

  it('lets a permission survive the abort, and a late yes still writes', async () => {
    impostor = await startImpostor(writing)
    const id = await createSession(impostor.url, asks)
    await prompt(impostor.url, id, 'go')
    const request = await asked()
    expect((await send(impostor.url, 'POST', `/session/${id}/abort`)).body).to.equal(true)
    expect((await messages(id)).at(-1)?.info.error?.name).to.equal('MessageAbortedError')
    expect((await send(impostor.url, 'GET', '/permission')).body).to.have.length(1)
    await send(impostor.url, 'POST', `/permission/${request}/reply`, { reply: 'once' })
    await impostor.events.next((event) => event.type === 'file.edited')
    expect(impostor.readFile('a.txt')).to.equal('a\n')
  })

  it('rejects every pending request of the session with one', async () => {
    impostor = await startImpostor(
      reply(
        tool.write({ filePath: 'a', content: '1' }),
        tool.write({ filePath: 'b', content: '2' }),
        text('never'),
      ),
    )
    const id = await createSession(impostor.url, asks)
    await prompt(impostor.url, id, 'go')
    const first = await asked()
    await asked()
    await send(impostor.url, 'POST', `/permission/${first}/reply`, { reply: 'reject' })
    await idle(id)
    const tools = (await messages(id)).flatMap((message) =>
      message.parts.filter((part) => part.type === 'tool'),
    )
    expect(tools.map((part) => part.state?.status)).to.deep.equal(['error', 'error'])
    expect(await messages(id)).to.have.length(2)
  })

  it('answers several waiting prompts with one message, whose parent is the newest', async () => {
    impostor = await startImpostor([reply(text('one'), gate('busy')), reply(text('rest'))])
    const id = await createSession(impostor.url)
    await prompt(impostor.url, id, 'first')
    await impostor.gate('busy').reached()
    await prompt(impostor.url, id, 'second')
    await prompt(impostor.url, id, 'third')
    impostor.gate('busy').open()
    await idle(id)
    const list = await messages(id)
    const newest = list.findLast((message) => message.info.role === 'user')
    expect(
      list
        .filter((message) => message.info.role === 'assistant')
        .map((message) => message.info.parentID),
    ).to.deep.equal([list[0]?.info.id, newest?.info.id])
  })

  it('takes the same ids again as the same prompt, and parts without ids as more parts', async () => {
    impostor = await startImpostor([reply(text('once'))])
    const id = await createSession(impostor.url)
    const body = { messageID: 'msg_mine', parts: [{ id: 'prt_mine', type: 'text', text: 'go' }] }
    for (let time = 0; time < 2; time += 1) {
      await send(impostor.url, 'POST', `/session/${id}/prompt_async`, body)
      await idle(id)
    }
    expect((await messages(id)).map((message) => message.parts.length)).to.deep.equal([1, 3])
    await send(impostor.url, 'POST', `/session/${id}/message`, {
      messageID: 'msg_mine',
      parts: [{ type: 'text', text: 'go' }],
    })
    expect((await messages(id)).map((message) => message.parts.length)).to.deep.equal([2, 3])
    impostor.assertComplete()
  })

  it('gives a sub-agent a session of its own without the parent’s ask rules', async () => {
    impostor = await startImpostor(
      reply(tool.task({ description: 'Sub', prompt: 'do it' }, writing), text('Done.')),
    )
    const id = await createSession(impostor.url, asks)
    await prompt(impostor.url, id, 'go')
    await idle(id)
    const children = (await send(impostor.url, 'GET', `/session/${id}/children`)).body as {
      title: string
    }[]
    expect(children.map((child) => child.title)).to.deep.equal(['Sub (@general subagent)'])
    expect(impostor.readFile('a.txt')).to.equal('a\n')
  })

  it('can ask before it announces the call', async () => {
    impostor = await startImpostor(
      reply(tool.write({ filePath: 'a.txt', content: 'a' }, { asksFirst: true }), text('x')),
    )
    const id = await createSession(impostor.url, asks)
    await prompt(impostor.url, id, 'go')
    const request = await asked()
    const isPending = (event: PublishedEvent): boolean =>
      JSON.stringify(event.properties).includes('"pending"')
    await impostor.events.next(isPending)
    const { entries } = impostor.events
    expect(entries.findIndex((event) => event.type === 'permission.asked')).to.be.lessThan(
      entries.findIndex(isPending),
    )
    await send(impostor.url, 'POST', `/permission/${request}/reply`, { reply: 'once' })
    await idle(id)
    expect(impostor.readFile('a.txt')).to.equal('a')
  })

  it('waits for a person and goes on with the answer', async () => {
    impostor = await startImpostor(
      reply(ask.question({ question: 'Which?', options: ['A', 'B'] }), text('Thanks.')),
    )
    const id = await createSession(impostor.url)
    await prompt(impostor.url, id, 'go')
    const { properties } = await impostor.events.next((event) => event.type === 'question.asked')
    await send(impostor.url, 'POST', `/question/${String(properties['id'])}/reply`, {
      answers: [['B']],
    })
    await idle(id)
    expect(await lastText(impostor.url, id)).to.equal('Thanks.')
  })

  it('refuses a question without choices where it is written', () => {
    const question = (given: object) => () => ask.question(given as never)
    expect(question({ question: 'Which?' })).to.throw(TypeError, '`options`')
    expect(question({ options: ['A'] })).to.throw(TypeError, '`question`')
    expect(() => ask.question(undefined as never)).to.throw(TypeError, '`options`')
  })

  it('retries and beats on the clock that it is given', async () => {
    const clock = createManualClock(1_795_000_000_000)
    impostor = await startImpostor(reply(retry({ times: 2 }), text('at last')), { clock })
    const abort = new AbortController()
    const stream = await fetch(`${impostor.url}/event`, { signal: abort.signal })
    await clock.untilPending(1)
    const id = await createSession(impostor.url)
    await prompt(impostor.url, id, 'go')
    const isRetry = (event: PublishedEvent): boolean =>
      JSON.stringify(event.properties).includes('"retry"')
    const first = await impostor.events.next(isRetry)
    expect(first.properties['status']).to.deep.equal({
      type: 'retry',
      attempt: 1,
      message: 'Rate limited',
      next: 1_795_000_002_000,
    })
    await clock.untilPending(2)
    await clock.advance(2_000)
    await impostor.events.next(isRetry)
    await clock.untilPending(2)
    await clock.advance(4_000)
    await idle(id)
    expect(await lastText(impostor.url, id)).to.equal('at last')
    await clock.advance(10_000)
    let seen = ''
    for await (const piece of stream.body ?? []) {
      seen += Buffer.from(piece).toString('utf8')
      if (seen.includes('server.heartbeat')) break
    }
    abort.abort()
  })

  it('plays the same bytes again for the same seed, and other ids for another', async () => {
    const play = async (seed: number): Promise<string> => {
      const other = await startImpostor(writing, { seed })
      const id = await createSession(other.url)
      await send(other.url, 'POST', `/session/${id}/message`, {
        parts: [{ type: 'text', text: 'go' }],
      })
      await other.events.next((event) => event.type === 'session.idle')
      const shown = JSON.stringify(other.events.entries)
      await other.close()
      return shown
    }
    impostor = await startImpostor()
    expect(await play(1)).to.equal(await play(1))
    expect(await play(1)).to.not.equal(await play(2))
  })

  it('answers 501 and names what it does not speak, and the journal shows it without secrets', async () => {
    impostor = await startImpostor(reply(), { password: 'sesame' })
    const token = encodeURIComponent(Buffer.from('opencode:sesame').toString('base64'))
    const { status, body } = await send(
      impostor.url,
      'GET',
      `/pty/shells?auth_token=${token}`,
      undefined,
      impostor.headers,
    )
    expect([status, Object(body).data.message]).to.deep.equal([
      501,
      'Impostor does not speak GET /pty/shells',
    ])
    const [entry] = impostor.journal.entries
    expect(entry).to.include({ isUnspoken: true, status: 501, method: 'GET', path: '/pty/shells' })
    expect(entry?.headers['authorization']).to.equal('[redacted]')
    expect(entry?.query).to.deep.equal({ auth_token: '[redacted]' })
  })

  it('names what came when the awaited request does not', async () => {
    impostor = await startImpostor()
    await send(impostor.url, 'GET', '/global/health')
    const error = await impostor
      .next('POST /session', { timeoutMs: 20 })
      .catch((each: unknown) => each)
    expect(error).to.have.property('code', 'wait_timeout')
    expect(error).to.have.property('message').that.includes('GET /global/health')
  })

  for (const format of [{ type: 'text' }, { type: 'json_schema', schema: { type: 'object' } }]) {
    it(`cannot list a message with the format ${format.type} again, as the server cannot`, async () => {
      impostor = await startImpostor([reply(text('one')), reply(text('two'))])
      const { url } = impostor
      const id = await createSession(url)
      const path = `/session/${id}/message`
      await send(url, 'POST', path, { parts: [{ type: 'text', text: 'a' }] })
      const { status, body } = await send(url, 'POST', path, {
        parts: [{ type: 'text', text: 'b' }],
        format,
      })
      expect(status).to.equal(200)
      const { info } = body as Shown
      const statusOf = async (method: string, rest: string): Promise<number> =>
        (await send(url, method, `/session/${id}${rest}`)).status
      const listed = await send(url, 'GET', path)
      expect(listed.status).to.equal(400)
      expect(listed.body).to.have.nested.property('data.kind', 'Body')
      expect(listed.body)
        .to.have.nested.property('data.message')
        .that.matches(
          /^Expected OutputFormat(Text|JsonSchema), got .*\n {2}at \[2\]\["info"\]\["format"\]$/,
        )
      expect(await statusOf('GET', '/message?limit=1')).to.equal(200)
      expect(await statusOf('GET', '/message?limit=3')).to.equal(200)
      expect(await statusOf('GET', '/message?limit=4')).to.equal(400)
      expect(await statusOf('GET', `/message/${info.id}`)).to.equal(200)
      expect(await statusOf('GET', `/message/${info.parentID}`)).to.equal(400)
      expect(await statusOf('POST', '/fork')).to.equal(500)
      expect(await statusOf('GET', '')).to.equal(200)
    })
  }

  it('shows an answer what a model reads: the prompt and what the server made of its files and agents', async () => {
    const seen: string[] = []
    impostor = await startImpostor((info) => {
      seen.push(info.text)
      return reply(text('ok'))
    })
    const id = await createSession(impostor.url)
    const url = `data:text/plain;base64,${Buffer.from('needle').toString('base64')}`
    await send(impostor.url, 'POST', `/session/${id}/message`, {
      parts: [
        { type: 'text', text: 'Look' },
        { type: 'file', mime: 'text/plain', filename: 'a.txt', url },
        { type: 'agent', name: 'general' },
      ],
    })
    expect(seen[0]).to.match(/^Look\n/)
    expect(seen[0]).to.contain('needle').and.to.contain('subagent: general')
  })

  it('lists a hundred sessions unless it is asked for more, and all children', async () => {
    impostor = await startImpostor()
    const { url } = impostor
    const parentID = await createSession(url)
    for (let count = 0; count < 101; count += 1) await createSession(url, { parentID })
    const lengthOf = async (path: string): Promise<unknown> =>
      ((await send(url, 'GET', path)).body as unknown[]).length
    expect(await lengthOf('/session')).to.equal(100)
    expect(await lengthOf('/session?limit=1000')).to.equal(102)
    expect(await lengthOf(`/session/${parentID}/children`)).to.equal(101)
  })
})
