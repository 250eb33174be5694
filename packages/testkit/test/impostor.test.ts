import { expect } from 'chai'
import { describe, it } from 'mocha'
import {
  again,
  createManualClock,
  fault,
  finish,
  gate,
  reply,
  startImpostor,
  text,
  tool,
  TestkitError,
} from '../src/index.js'

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

describe('the process of an Impostor', () => {
  it('speaks again after a restart that ends a freeze', async () => {
    const impostor = await startImpostor()
    impostor.freeze()
    await impostor.restart()
    const events = await fetch(`${impostor.url}/event`)
    const first = await events.body?.getReader().read()
    expect(new TextDecoder().decode(first?.value)).to.include('server.connected')
    await impostor.close()
  })

  it('takes what waits on the clock with it when it dies', async () => {
    const clock = createManualClock()
    const impostor = await startImpostor(reply(text('never')), { clock })
    impostor.fail('GET /session', fault.delay(60_000))
    impostor.fail('GET /agent', fault.drip({ everyMs: 60_000 }))
    const asked = ['/session', '/agent'].map((path) => fetch(impostor.url + path))
    await clock.untilPending(2)
    await impostor.kill()
    expect(clock.pending).to.equal(0)
    const restarting = impostor.restart({ deafMs: 60_000 })
    await clock.untilPending(1)
    await impostor.close()
    await restarting
    expect(clock.pending).to.equal(0)
    for (const each of asked) {
      const got = await each.then((answer) => answer.text()).catch(() => 'cut')
      expect(got).to.equal('cut')
    }
  })

  it('does not come back when it is closed while it restarts', async () => {
    const impostor = await startImpostor()
    const restarting = impostor.restart()
    await Promise.all([impostor.close(), restarting])
    const health = await fetch(`${impostor.url}/global/health`).catch(() => null)
    expect(health).to.equal(null)
  })

  it('is gone when any call of close says so', async () => {
    const impostor = await startImpostor()
    const order: string[] = []
    const note = (name: string) => () => void order.push(name)
    await Promise.all([impostor.close().then(note('first')), impostor.close().then(note('second'))])
    expect(order).to.deep.equal(['first', 'second'])
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

describe('the attempts of Impostor’s model', () => {
  it('ends each attempt of a call as the script says', async () => {
    const impostor = await startImpostor(
      reply(text('Cut '), gate('mid'), finish('length'), again(), text('Whole.')),
      { listenerWaitMs: 0 },
    )
    const send = async (path: string, body: unknown): Promise<unknown> => {
      const answer = await fetch(impostor.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify(body),
      })
      return answer.status === 204 ? null : await answer.json()
    }
    const { id } = (await send('/session', {})) as { id: string }
    const prompt = { messageID: 'msg_1', parts: [{ id: 'prt_1', type: 'text', text: 'go' }] }
    await send(`/session/${id}/prompt_async`, prompt)
    await impostor.gate('mid').reached()
    await impostor.restart()
    const answer = await send(`/session/${id}/message`, prompt)
    expect(answer).to.have.nested.property('info.finish', 'stop')
    expect(JSON.stringify(answer)).to.include('Whole.').and.to.not.include('Cut')
    await impostor.close()
  })
})
