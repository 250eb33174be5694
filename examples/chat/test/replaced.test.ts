import { createClient } from '@turnstead/wire'
import { gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { readStream, startApp, type StreamReader, type TestApp } from './support/app.js'

const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a message that is asked anew', () => {
  let app: TestApp
  const streams: StreamReader[] = []

  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close()
    await app.close()
  })

  const post = (path: string, fields: Record<string, string> = {}): Promise<Response> =>
    fetch(app.url + path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      redirect: 'manual',
      headers: { accept: 'text/vnd.turbo-stream.html' },
    })
  const isOver = async (id: number): Promise<void> => {
    while ((await app.rows.store.read(id))?.closedAt == null) await nextTick()
  }
  const say = async (id: number, prompt: string, replaces = ''): Promise<void> => {
    const path = id === 1 ? '/conversations' : '/conversations/1/messages'
    const response = await post(path, { prompt, replaces })
    expect(response.status, await response.text()).to.be.oneOf([200, 303])
    await isOver(id)
  }
  /** What the agent's server knows of the conversation. */
  const memory = async (): Promise<string[]> => {
    const conversation = await app.rows.findConversation(1)
    const { url: baseUrl, headers } = app.impostor
    const client = createClient({ baseUrl, headers, directory: await app.folderOf(1) })
    const messages = await client.session.messages(conversation?.opencode_session_id ?? '', {})
    await client.close()
    return messages.flatMap(({ parts }) =>
      parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
    )
  }
  const replacedBy = async (): Promise<(number | null)[]> =>
    (await app.rows.turnsFrom(1, 1)).map((turn) => turn.replaced_by)

  it('takes the agent back to before it: what followed is folded, and not in its memory', async () => {
    app = await startApp(({ text: prompt }) => reply(text(`To ${prompt}.`)))
    for (const [index, prompt] of ['one', 'two', 'three'].entries()) await say(index + 1, prompt)
    await say(4, 'two and a half', '2')
    expect(await replacedBy()).to.deep.equal([null, 4, 4, null])
    expect(await memory()).to.deep.equal(['one', 'To one.', 'two and a half', 'To two and a half.'])
    const page = await (await app.get('/conversations/1')).text()
    expect(page).to.match(
      /<article class="turn replaced" id="turn-2">[^]*Earlier version[^]*To two\./,
    )
    expect(page.match(/class="turn replaced"/g)).to.have.lengthOf(2)
    // A page that was made before folds them where they are.
    const stream = await readStream(`${app.url}/stream?c=1.4.`)
    streams.push(stream)
    const received = await stream.until('id="turn-4"')
    expect(received).to.match(/action="replace" target="turn-3"[^]*class="turn replaced"/)

    await say(5, 'four')
    await say(6, 'one, again', '1')
    expect(await replacedBy()).to.deep.equal([6, 4, 4, 6, 6, null])
    expect(await memory()).to.deep.equal(['one, again', 'To one, again.'])
    await say(7, 'and on')
    expect(await memory()).to.have.lengthOf(4)
  })

  it('stays forgotten where the server has lost the conversation meanwhile', async () => {
    app = await startApp(({ text: prompt }) => reply(text(`To ${prompt}.`)))
    for (const [index, prompt] of ['one', 'two', 'three'].entries()) await say(index + 1, prompt)
    await app.impostor.restart({ keep: false })
    await say(4, 'two and a half', '2')
    expect(await memory()).to.deep.equal(['one', 'To one.', 'two and a half', 'To two and a half.'])
    await app.impostor.restart({ keep: false })
    await say(5, 'two and more', '4')
    expect(await memory()).to.deep.equal(['one', 'To one.', 'two and more', 'To two and more.'])
    await app.impostor.restart({ keep: false })
    await say(6, 'one, again', '1')
    expect(await memory()).to.deep.equal(['one, again', 'To one, again.'])
    expect((await app.rows.findMessage(6))?.turn_status).to.equal('completed')
  })

  it('has its prompt once in the agent’s memory when its answer is asked for again', async () => {
    app = await startApp([
      on('Frist', reply(text('First.'))),
      on('Frist', reply(gate('second'), text('Second.'))),
    ])
    await say(1, 'Frist')
    // A button that is pressed twice asks once.
    const pressed = await Promise.all([1, 2].map(() => post('/messages/1/again')))
    expect(pressed.map(({ status }) => status)).to.deep.equal([200, 200])
    app.impostor.gate('second').open()
    await isOver(2)
    expect(await memory()).to.deep.equal(['Frist', 'Second.'])
    // So do two pages.
    expect((await post('/messages/1/again')).status).to.equal(200)
    expect(await replacedBy()).to.deep.equal([2, null])
  })

  it('is not replaced while something is not over, nor twice, nor in another conversation', async () => {
    app = await startApp([
      on('one', reply(text('One. '), gate('one'))),
      on('two', reply(text('B'))),
    ])
    await post('/conversations', { prompt: 'one' })
    const refused = await post('/conversations/1/messages', { prompt: 'other', replaces: '1' })
    expect(refused.status).to.equal(422)
    expect(await refused.text()).to.contain('Stop it or wait for its end')
    expect((await post('/messages/1/again')).status).to.equal(409)
    app.impostor.gate('one').open()
    await isOver(1)
    await post('/conversations', { prompt: 'two' })
    await isOver(2)
    const other = await post('/conversations/2/messages', { prompt: 'x', replaces: '1' })
    expect(await other.text()).to.contain('not there any more')
    await say(3, 'three', '1')
    const twice = await post('/conversations/1/messages', { prompt: 'four', replaces: '1' })
    expect(await twice.text()).to.contain('replaced already')
    expect(await app.storedFiles()).to.equal(0)
  })

  it('is replaced once, however often the same form is sent', async () => {
    app = await startApp(({ text: prompt }) => reply(text(`To ${prompt}.`)))
    await say(1, 'one')
    for (const _time of [1, 2]) {
      const fields = { prompt: 'other', replaces: '1', key: 'a-key-of-one-form-0001' }
      const sent = await post('/conversations/1/messages', fields)
      expect(sent.status, await sent.text()).to.equal(200)
      await isOver(2)
    }
    expect(await replacedBy()).to.deep.equal([2, null])
  })

  it('is forgotten by a later message where the one in its place was stopped before it was asked', async () => {
    app = await startApp(({ text: prompt }) => reply(text(`To ${prompt}.`)), { hasWorker: true })
    await say(1, 'one')
    const earlier = await app.rows.findMessage(1)
    if (earlier === null) throw new Error('there is no message')
    const added = await app.rows.replaceMessage(earlier, { body: 'never', uploads: [] })
    if (typeof added === 'string') throw new Error(added)
    await app.rows.store.cancel({ turnId: added.message.id })
    await isOver(2)
    await say(3, 'three')
    expect((await memory()).join()).to.not.contain('one')
    expect((await memory()).at(-1)).to.equal('To three.')
  })

  it('goes with its files, and those of the agent stay', async () => {
    app = await startApp([
      on('Look', reply(tool.write({ filePath: 'made.txt', content: 'x' }), text('Seen.'))),
      on('Look well', reply(text('Seen well.'))),
    ])
    await app.postFiles('/conversations', 'Look', { 'in.txt': 'hello' })
    await isOver(1)
    expect(await (await app.get('/conversations/1?edit=1')).text()).to.contain(
      'With it again: in.txt.',
    )
    await say(2, 'Look well', '1')
    const asked = await app.rows.findMessage(2)
    expect(asked?.files.map(({ name }) => name)).to.deep.equal(['in.txt'])
    expect(await app.readAgentFile(1, 'made.txt')).to.equal('x')
    expect(await app.text('/conversations/1')).to.contain('made.txt')
  })
})
