import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'

import { createClient, type Client } from '../src/index.js'
import { failure } from './support/failure.js'
import { sendJson, startStub, storedMessage, type StubServer } from './support/stub-server.js'

const session = { id: 'ses_1', title: 'x' }
const { info } = storedMessage

type Call = (client: Client) => Promise<unknown>
const calls: Record<string, { call: Call; good: unknown; bad: readonly unknown[] }> = {
  'session.create': {
    call: (client) => client.session.create(),
    good: session,
    bad: [{ id: '../../x' }, { id: 'ses/../x' }, { id: 'ses_1?x' }, { id: '' }, { id: 'ses_\n' }],
  },
  'session.get': { call: (client) => client.session.get('ses_1'), good: session, bad: [true] },
  'session.update': {
    call: (client) => client.session.update('ses_1', {}),
    good: session,
    bad: [true],
  },
  'session.list': {
    call: (client) => client.session.list(),
    good: [session],
    bad: [[{ id: 'nope' }], [session, null]],
  },
  'session.children': {
    call: (client) => client.session.children('ses_1'),
    good: [],
    bad: [[session, 1]],
  },
  'session.status': {
    call: (client) => client.session.status(),
    good: { ses_1: { type: 'busy' }, ses_2: { type: 'of a newer server' } },
    bad: [{ ses_1: null }, { ses_1: 'busy' }, { ses_1: {} }, []],
  },
  'session.messages': {
    call: (client) => client.session.messages('ses_1'),
    good: [storedMessage],
    bad: [[storedMessage, null], [{ info }], [{ info, parts: null }], [{ info, parts: [null] }]],
  },
  'session.message': {
    call: (client) => client.session.message('ses_1', 'msg_1'),
    good: storedMessage,
    bad: [
      { info: { id: 'msg_1' }, parts: [] },
      { info: { ...info, id: 1 }, parts: [] },
    ],
  },
  'session.prompt': {
    call: (client) => client.session.prompt('ses_1', { parts: [] }),
    good: storedMessage,
    bad: [true],
  },
  'message.page': {
    call: (client) => client.message.page('ses_1', { limit: 1 }),
    good: [storedMessage],
    bad: [[null]],
  },
  'message.newest': {
    call: (client) => client.message.newest('ses_1', { limit: 1 }),
    good: [storedMessage],
    bad: [[null]],
  },
  'permission.list': {
    call: (client) => client.permission.list(),
    good: [{ id: 'per_1', sessionID: 'ses_1' }],
    bad: [[{ id: 'per_1' }], [{ id: 'que_1', sessionID: 'ses_1' }]],
  },
  'question.list': {
    call: (client) => client.question.list(),
    good: [{ id: 'que_1', sessionID: 'ses_1', questions: [] }],
    bad: [[{ id: 'que_1', sessionID: 'ses_1' }]],
  },
  'session.abort': { call: (client) => client.session.abort('ses_1'), good: true, bad: [1] },
  'session.delete': { call: (client) => client.session.delete('ses_1'), good: true, bad: ['true'] },
  'permission.reply': {
    call: (client) => client.permission.reply('per_1', { reply: 'once' }),
    good: true,
    bad: [{}],
  },
  'question.reply': {
    call: (client) => client.question.reply('que_1', { answers: [] }),
    good: true,
    bad: [{}],
  },
  'question.reject': { call: (client) => client.question.reject('que_1'), good: true, bad: [{}] },
}

/** What no operation here answers. */
const neverGood = [null, [null], [[]], 'text', 7, undefined]

describe('the shape of answers', () => {
  let server: StubServer
  let client: Client
  let answer: unknown
  before(async () => {
    server = await startStub((_, response) =>
      answer === undefined ? response.writeHead(204).end() : sendJson(response, answer),
    )
    client = createClient({ baseUrl: server.url, env: {} })
  })
  after(async () => {
    await client.close()
    await server.close()
  })

  for (const [name, { call, good, bad }] of Object.entries(calls)) {
    it(`is checked by ${name}`, async () => {
      answer = good
      await call(client)
      const wrong = [...neverGood, ...bad, Array.isArray(good) ? {} : []]
      for (answer of wrong) {
        const error = await failure(call(client))
        expect(error, JSON.stringify(answer)).to.include({
          code: 'malformed_response',
          delivered: 'yes',
        })
      }
    })
  }

  it('is nothing for promptAsync', async () => {
    answer = undefined
    await client.session.promptAsync('ses_1', { parts: [] })
    for (answer of [null, {}, true, [null]]) {
      const error = await failure(client.session.promptAsync('ses_1', { parts: [] }))
      expect(error.code).to.equal('malformed_response')
    }
  })

  it('is not checked by the generic request', async () => {
    answer = 'anything'
    expect(await client.request('GET', '/session/status')).to.equal('anything')
  })
})
