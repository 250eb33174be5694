import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { createManualClock, type ManualClock } from '@turnstead/testkit'
import {
  createClient,
  createMessageId,
  createPartId,
  WireError,
  type Client,
  type IdentifiedPrompt,
  type PromptPart,
} from '../src/index.js'
import {
  sendJson,
  sendRefusal,
  startStub,
  storedMessage,
  type Handler,
  type StubServer,
} from './support/stub-server.js'
import { quiesce } from './support/undici-time.js'

const text: PromptPart = { type: 'text', text: 'Hello' }
const note: PromptPart = { type: 'file', mime: 'text/plain', url: 'data:text/plain,hi' }
const image: PromptPart = { type: 'file', mime: 'image/png', url: 'data:image/png;base64,AA==' }
const file: PromptPart = { type: 'file', mime: 'image/png', url: 'file:///uploads/a.png' }
const agent: PromptPart = { type: 'agent', name: 'general' }

describe('options of prompt.send', () => {
  let server: StubServer
  let client: Client
  let clock: ManualClock
  let answer: Handler

  beforeEach(async () => {
    answer = (_, response) => response.writeHead(204).end()
    server = await startStub((request, response) => answer(request, response))
    clock = createManualClock(1_800_000_000_000)
    client = createClient({
      baseUrl: server.url,
      clock,
      random: () => 0.5,
      env: {},
      allowFiles: ['/uploads'],
    })
  })
  afterEach(async () => {
    await client.close()
    await server.close()
  })
  const prompt = (...parts: PromptPart[]): IdentifiedPrompt => ({
    messageID: createMessageId(),
    parts: (parts.length === 0 ? [text] : parts).map((part) => ({ ...part, id: createPartId() })),
  })
  const seen = (method: string): number =>
    server.seen.filter((each) => each.method === method).length
  const absent: Handler = (_, response) => sendRefusal(response, 404, 'Message not found')
  const lost: Handler = (_, response) => void response.socket?.destroy()
  /** Lets time pass until it is over. */
  const finish = async <T>(sending: Promise<T>): Promise<T> => {
    let isOver = false
    void sending.then(
      () => (isOver = true),
      () => (isOver = true),
    )
    while (!isOver) {
      await quiesce(20)
      // The deadline of a request under way is far away.
      if ((clock.nextInMs ?? Infinity) < 60_000) await clock.advance(clock.nextInMs ?? 0)
    }
    return await sending
  }

  it('calls beforeTry before every look and every send', async () => {
    answer = (request, response) =>
      request.method === 'GET' ? absent(request, response) : lost(request, response)
    let calls = 0
    const verdict = await finish(
      client.prompt.send('ses_1', prompt(), { attempts: 2, beforeTry: () => (calls += 1) }),
    )
    expect(verdict).to.include({ delivered: 'unknown', sends: 2 })
    expect(calls).to.equal(server.seen.length)
  })

  it('writes nothing when beforeTry throws, and rejects with what it threw', async () => {
    const reason = new WireError('conflict', 'the lease is lost')
    const sending = client.prompt.send('ses_1', prompt(), {
      beforeTry: () => {
        throw reason
      },
    })
    expect(await sending.catch((error: unknown) => error)).to.equal(reason)
    await quiesce()
    expect(server.seen).to.have.length(0)
  })

  it('calls beforeTry only when the connection is there', async () => {
    const order: string[] = []
    const slow = createClient({
      baseUrl: server.url,
      clock,
      env: {},
      headers: async () => {
        await quiesce()
        order.push('headers')
        return {}
      },
    })
    await slow.prompt.send('ses_1', prompt(), { beforeTry: () => order.push('beforeTry') })
    await slow.close()
    expect(order).to.deep.equal(['headers', 'beforeTry'])
  })

  it('sends nothing more once beforeTry throws', async () => {
    answer = (request, response) =>
      request.method === 'GET' ? absent(request, response) : lost(request, response)
    let left = 2
    const reason = new Error('lost')
    const sending = client.prompt.send('ses_1', prompt(), {
      beforeTry: () => {
        if (left-- === 0) throw reason
      },
    })
    expect(await finish(sending).catch((error: unknown) => error)).to.equal(reason)
    expect(server.seen.map((each) => each.method)).to.deep.equal(['POST', 'GET'])
  })

  it('reports each try that failed, and survives an observer that fails itself', async () => {
    answer = (_, response) => sendRefusal(response, 503)
    const codes: string[] = []
    for (const fail of [
      () => {
        throw new Error('mine')
      },
      async () => {
        throw new Error('mine, later')
      },
    ]) {
      await finish(
        client.prompt.send('ses_1', prompt(), {
          attempts: 2,
          onTry: (error) => {
            codes.push(error.code)
            return fail()
          },
        }),
      )
    }
    expect(codes).to.have.length.at.least(4)
    expect(new Set(codes)).to.deep.equal(new Set(['server_error']))
  })

  it('begins no try after giveUpAfterMs', async () => {
    answer = (_, response) => sendRefusal(response, 500)
    const began = clock.now()
    const verdict = await finish(client.prompt.send('ses_1', prompt(), { giveUpAfterMs: 60_000 }))
    expect(verdict).to.include({ delivered: 'unknown', evidence: 'unanswered' })
    expect(clock.now() - began).to.equal(60_000)
    expect(seen('GET')).to.be.above(10)
  })

  for (const giveUpAfterMs of [-1, Number.NaN]) {
    it(`refuses giveUpAfterMs: ${giveUpAfterMs}`, async () => {
      const error = await client.prompt
        .send('ses_1', prompt(), { giveUpAfterMs })
        .catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(RangeError)
    })
  }

  for (const [name, part] of Object.entries({ note, file, agent })) {
    it(`looks for ten seconds before it sends a prompt again that holds a ${name}`, async () => {
      answer = (request, response) =>
        request.method === 'GET' ? absent(request, response) : lost(request, response)
      const began = clock.now()
      await finish(client.prompt.send('ses_1', prompt(text, part), { attempts: 1 }))
      expect(clock.now() - began).to.be.within(9000, 10_000)
      expect(seen('POST')).to.equal(1)
    })
  }

  it('finds a prompt with a file that is stored seconds after the answer was lost', async () => {
    answer = (request, response) => {
      if (request.method === 'POST') lost(request, response)
      else if (seen('GET') < 8) absent(request, response)
      else sendJson(response, storedMessage)
    }
    const verdict = await finish(client.prompt.send('ses_1', prompt(text, file)))
    expect(verdict).to.include({ delivered: 'yes', evidence: 'found', sends: 1 })
  })

  const sentParts = (): string[] => {
    const body = server.seen.find((each) => each.method === 'POST')?.body ?? ''
    return (JSON.parse(body) as { parts: { id: string }[] }).parts.map(({ id }) => id)
  }

  it('runs a prompt again though it is there, without what the server would expand again', async () => {
    const again = prompt(text, note, image, file, agent)
    answer = (request, response) =>
      request.method === 'GET'
        ? sendJson(response, { ...storedMessage, parts: again.parts })
        : response.writeHead(204).end()
    const verdict = await client.prompt.send('ses_1', again, { rerun: true })
    expect(verdict).to.include({ delivered: 'yes', evidence: 'accepted', sends: 1 })
    expect(sentParts()).to.deep.equal([again.parts[0]?.id, again.parts[2]?.id])
  })

  for (const [name, found, expected] of [
    ['sends again what a server that died had not stored', storedMessage, 3],
    ['sends all when the message is not there after all', null, 3],
    ['leaves everything expanded out when the message cannot be shown', 'unreadable', 1],
  ] as const) {
    it(name, async () => {
      const again = prompt(text, note, agent)
      answer = ({ method }, response) => {
        if (method === 'POST') response.writeHead(204).end()
        else if (found === null) sendRefusal(response, 404)
        else if (found === 'unreadable')
          sendJson(response, { name: 'BadRequest', data: { message: '', kind: 'Body' } }, 400)
        else sendJson(response, { ...found, parts: again.parts.slice(0, 1) })
      }
      await client.prompt.send('ses_1', again, { rerun: true })
      expect(sentParts()).to.have.length(expected)
    })
  }

  it('takes out half of what a server that died had expanded, and has it made again', async () => {
    const again = prompt(text, note, agent)
    const made = { id: 'prt_made', type: 'text', text: 'hi', synthetic: true }
    const parts = [again.parts[0], made, again.parts[2]]
    answer = ({ method }, response) => {
      if (method === 'GET') sendJson(response, { ...storedMessage, parts })
      else if (method === 'DELETE') sendJson(response, true)
      else response.writeHead(204).end()
    }
    await client.prompt.send('ses_1', again, { rerun: true })
    expect(
      server.seen.map(({ method, url }) => `${method} ${url.split('/').at(-1)}`),
    ).to.deep.equal([`GET ${again.messageID}`, 'DELETE prt_made', 'POST prompt_async'])
    expect(sentParts()).to.have.length(3)
  })

  it('sends a rerun whose answer was lost again, because the message proves nothing', async () => {
    answer = (request, response) =>
      seen('POST') === 1 ? lost(request, response) : void response.writeHead(204).end()
    const verdict = await finish(client.prompt.send('ses_1', prompt(), { rerun: true }))
    expect(verdict).to.include({ delivered: 'yes', evidence: 'accepted', sends: 2 })
    expect(seen('GET')).to.equal(0)
  })

  it('ends a rerun at a refusal', async () => {
    answer = (_, response) => sendRefusal(response, 400)
    const verdict = await client.prompt.send('ses_1', prompt(), { rerun: true })
    expect(verdict).to.include({ delivered: 'no', evidence: 'refused', sends: 1 })
  })

  it('says no of a rerun that never had a connection', async () => {
    await server.close()
    const verdict = await finish(client.prompt.send('ses_1', prompt(), { rerun: true }))
    expect(verdict).to.include({ delivered: 'no', evidence: 'unreachable', sends: 3 })
  })

  it('gives up at once where it may not look', async () => {
    answer = (_, response) => sendRefusal(response, 401)
    const verdict = await finish(
      client.prompt.send('ses_1', prompt(), { mayBeSent: true, giveUpAfterMs: 60_000 }),
    )
    expect(verdict).to.include({ delivered: 'unknown', evidence: 'unanswered', sends: 0 })
    expect(verdict.error?.code).to.equal('unauthorized')
    expect(server.seen.length).to.be.below(3)
  })
})
