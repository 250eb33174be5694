import { connect } from 'node:net'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { reply, startImpostor, text, type Impostor } from '../src/index.js'
import { createSession, send } from './support/client.js'

/** What a host's mistakes meet: the server's answers, as they were measured. */
const refused: readonly (readonly [string, unknown, string])[] = [
  ['message', undefined, 'Expected object, got undefined'],
  ['message', {}, 'Missing key\n  at ["parts"]'],
  ['message', { parts: [{ type: 'text' }] }, 'Missing key\n  at ["parts"][0]["text"]'],
  ['message', { parts: [{ type: 'file', mime: 'a/b' }] }, 'Missing key\n  at ["parts"][0]["url"]'],
  [
    'message',
    { parts: [], model: { providerID: 'scripted' } },
    'Missing key\n  at ["model"]["modelID"]',
  ],
  ['message', { parts: [], model: 'a/b' }, 'Expected object | null, got "a/b"\n  at ["model"]'],
  [
    'prompt_async',
    { parts: [], tools: { bash: 'no' } },
    'Expected boolean, got "no"\n  at ["tools"]["bash"]',
  ],
  [
    'prompt_async',
    { parts: [], format: { type: 'json_schema' } },
    'Missing key\n  at ["format"]["schema"]',
  ],
  [
    'prompt_async',
    { parts: [], messageID: 'mine' },
    'Expected a string starting with "msg", got "mine"\n  at ["messageID"]',
  ],
  ['revert', { messageID: 1 }, 'Expected string, got 1\n  at ["messageID"]'],
]

describe('requests that the server’s document forbids', () => {
  let impostor: Impostor
  let id: string
  beforeEach(async () => {
    impostor = await startImpostor(reply(text('x')))
    id = await createSession(impostor.url)
  })
  afterEach(() => impostor.close())

  for (const [path, body, message] of refused)
    it(`${path} with ${JSON.stringify(body)}`, async () => {
      const answer = await send(impostor.url, 'POST', `/session/${id}/${path}`, body)
      const data = { message, kind: 'Payload' }
      expect(answer).to.deep.equal({ status: 400, body: { name: 'BadRequest', data } })
      expect((await send(impostor.url, 'GET', `/session/${id}/message`)).body).to.deep.equal([])
    })

  it('are refused before anything is not spoken', async () => {
    const wrong = await send(impostor.url, 'POST', '/pty', { args: 'x' })
    expect(wrong.status).to.equal(400)
    expect((await send(impostor.url, 'POST', '/pty', {})).status).to.equal(501)
  })

  it('drops what the document does not know, and null where it means nothing', async () => {
    const parts = [{ type: 'text', text: 'hi', extra: 1, synthetic: null }]
    const { body } = await send(impostor.url, 'POST', `/session/${id}/message`, {
      parts,
      agent: null,
      noReply: true,
      other: 2,
    })
    const [part] = Object(body).parts
    expect(Object.keys(part).toSorted()).to.deep.equal([
      'id',
      'messageID',
      'sessionID',
      'text',
      'type',
    ])
  })

  it('looks for a path as it came: dots are no folders', async () => {
    const { port } = new URL(impostor.url)
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1')
      let got = ''
      socket.on('data', (bytes) => (got += String(bytes)))
      socket.on('close', () => resolve(got))
      socket.write('GET /x/../session/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    })
    expect(answer).to.contain('text/html')
  })

  it('is not spoken: the document itself, and files of the web app', async () => {
    for (const path of ['/doc', '/favicon.ico', '/assets/app.js']) {
      const { status, body } = await send(impostor.url, 'GET', path)
      expect([status, Object(body).data?.message]).to.deep.equal([
        501,
        `Impostor does not speak GET ${path}`,
      ])
    }
  })
})
