import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createManualClock, reply, startImpostor, text, tool, TestkitError } from '../src/index.js'

describe('startImpostor', () => {
  it('plays a turn with a tool from prompt to idle', async () => {
    const impostor = await startImpostor([
      reply(
        text('I will write.'),
        tool.write({ filePath: 'out.txt', content: 'hello\n' }),
        text('Done.'),
      ),
    ])
    const post = (path: string, body: unknown): Promise<Response> =>
      fetch(impostor.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const session = (await (await post('/session', { title: 'test' })).json()) as { id: string }
    const sent = await post(`/session/${session.id}/prompt_async`, {
      parts: [{ type: 'text', text: 'hi' }],
    })
    expect(sent.status).to.equal(204)
    await impostor.events.next((event) => event.type === 'session.idle')
    expect(impostor.readFile('out.txt')).to.equal('hello\n')
    const messages = await (await fetch(`${impostor.url}/session/${session.id}/message`)).json()
    expect(messages).to.have.length(3)
    impostor.assertComplete()
    await impostor.close()
  })

  it('names in a table what never came', async () => {
    const impostor = await startImpostor([reply(text('never'))])
    expect(() => impostor.assertComplete())
      .to.throw(TestkitError, 'never asked')
      .with.property('code', 'incomplete')
    await impostor.close()
  })
})

describe('the event ids of Impostor', () => {
  it('rise for one part and one message, never repeat a clock prefix, and straggle between others', async () => {
    const clock = createManualClock(1_800_000_000_000)
    const impostor = await startImpostor(reply(text('word '.repeat(300))), { clock })
    const create = await fetch(`${impostor.url}/session`, { method: 'POST' })
    const { id } = (await create.json()) as { id: string }
    await fetch(`${impostor.url}/session/${id}/prompt_async`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ parts: [{ type: 'text', text: 'Go' }] }),
    })
    await impostor.events.next((event) => event.type === 'session.idle')
    const prefixes = impostor.events.entries.map((event) => event.id.slice(0, 16))
    expect(new Set(prefixes).size).to.equal(prefixes.length)
    expect(prefixes).to.not.deep.equal(prefixes.toSorted())
    const deltas = impostor.events.filter((event) => event.type === 'message.part.delta')
    expect(deltas.length).to.equal(300)
    const ids = deltas.map((event) => event.id)
    expect(ids).to.deep.equal(ids.toSorted())
    await impostor.close()
  })
})
