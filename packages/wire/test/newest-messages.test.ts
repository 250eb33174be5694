import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'

import { createClient, type Client, type MessageWithParts } from '../src/index.js'
import { failure } from './support/failure.js'
import { sendJson, sendPage, startStub, type StubServer } from './support/stub-server.js'

const unreadable = {
  name: 'BadRequest',
  data: { message: 'Expected OutputFormatText, got {}', kind: 'Body' },
}

describe('message.newest', () => {
  let server: StubServer
  let client: Client
  afterEach(async () => {
    await client.close()
    await server.close()
  })
  /** A session with the messages msg_0 to msg_9, of which the server cannot show some, and some are large. */
  const serve = async ({
    bad = [],
    large = [],
  }: {
    readonly bad?: readonly number[]
    readonly large?: readonly number[]
  } = {}): Promise<void> => {
    server = await startStub(({ url }, response) => {
      const { searchParams, pathname } = new URL(url, 'http://x')
      const single = /\/message\/msg_(\d+)$/.exec(pathname)?.[1]
      const end = Number(searchParams.get('before') ?? 10)
      const start = Math.max(0, end - Number(searchParams.get('limit') ?? 10))
      const numbers =
        single === undefined
          ? Array.from({ length: end - start }, (_, index) => start + index)
          : [Number(single)]
      if (numbers.some((n) => n > 9))
        return sendJson(response, { name: 'NotFoundError', data: { message: 'x' } }, 404)
      if (numbers.some((n) => bad.includes(n))) return sendJson(response, unreadable, 400)
      const messages = numbers.map((n) => ({
        info: { id: `msg_${n}`, sessionID: 'ses_1', role: 'user' },
        parts: large.includes(n) ? [{ type: 'text', text: 'x'.repeat(3000) }] : [],
      }))
      if (start > 0) response.setHeader('x-next-cursor', String(start))
      return sendJson(response, single === undefined ? messages : messages[0])
    })
    client = createClient({ baseUrl: server.url, env: {}, limits: { responseBytes: 2000 } })
  }
  const ids = (messages: readonly MessageWithParts[]): string =>
    messages.map(({ info }) => info.id.slice(4)).join('')

  for (const [name, broken, query, expected, reached] of [
    ['as many as asked for', {}, { limit: 4 }, '6789', 'limit'],
    ['all when there are no more', {}, { limit: 50 }, '0123456789', 'start'],
    ['exactly all', {}, { limit: 10 }, '0123456789', 'start'],
    ['back to a message', {}, { limit: 4, backTo: 'msg_7' }, '6789', 'found'],
    ['up to one that the server cannot show', { bad: [4] }, { limit: 10 }, '56789', 'unreadable'],
    ['one only, if the next cannot be shown', { bad: [8] }, { limit: 10 }, '9', 'unreadable'],
    ['none, if the newest cannot be shown', { bad: [9] }, { limit: 10 }, '', 'unreadable'],
    ['up to one that is too large', { large: [6] }, { limit: 8 }, '789', 'too_large'],
    ['around what it need not read', { bad: [0, 1] }, { limit: 5 }, '56789', 'limit'],
    [
      'back to a message beside a bad one',
      { bad: [4] },
      { limit: 10, backTo: 'msg_5' },
      '56789',
      'found',
    ],
  ] as const) {
    it(`reads ${name}`, async () => {
      await serve(broken)
      const newest = await client.message.newest('ses_1', query)
      expect(ids(newest.messages)).to.equal(expected)
      expect(newest.reached).to.equal(reached)
    })
  }

  it('asks once when nothing is in its way', async () => {
    await serve()
    await client.message.newest('ses_1', { limit: 8 })
    expect(server.seen).to.have.length(1)
  })

  it('fails with what is no fault of an entry', async () => {
    server = await startStub((_, response) => sendPage(response, 502))
    client = createClient({ baseUrl: server.url, env: {} })
    const error = await failure(client.message.newest('ses_1', { limit: 8 }))
    expect(error.code).to.equal('foreign_response')
    expect(server.seen).to.have.length(1)
  })

  it('refuses a limit that cannot be meant', async () => {
    await serve()
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      const error = await client.message
        .newest('ses_1', { limit })
        .catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(RangeError)
    }
  })

  it('knows that a message exists which cannot be shown, or is too large', async () => {
    await serve({ bad: [3], large: [4] })
    const found = ['msg_2', 'msg_3', 'msg_4', 'msg_99'].map((id) =>
      client.message.exists('ses_1', id),
    )
    expect(await Promise.all(found)).to.deep.equal([true, true, true, false])
  })
})
