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

  it('runs a prompt again without a look, and without what the server would expand again', async () => {
    const again = prompt(text, note, image, file, agent)
    const verdict = await client.prompt.send('ses_1', again, { rerun: true })
    expect(verdict).to.include({ delivered: 'yes', evidence: 'accepted', sends: 1 })
    expect(seen('GET')).to.equal(0)
    const { parts } = JSON.parse(server.seen[0]?.body ?? '') as { parts: { id: string }[] }
    expect(parts.map(({ id }) => id)).to.deep.equal([again.parts[0]?.id, again.parts[2]?.id])
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
})
