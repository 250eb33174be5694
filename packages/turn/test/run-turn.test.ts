import {
  fault,
  finish,
  gate,
  on,
  providerError,
  reply,
  text,
  tool,
  usage,
} from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn } from '../src/index.js'
import { openRig, type Rig, observing } from './support/rig.js'

const promptPath = 'POST /session/*/prompt_async'
const eventPath = 'GET /event'

describe('runTurn', () => {
  let rig: Rig

  beforeEach(async () => {
    rig = await openRig([])
  })
  afterEach(() => rig.close())

  const answerHello = (): void =>
    rig.impostor.answer(on('Hello', reply(usage({ input: 12, output: 5 }), text('Hello you.'))))

  async function run(more?: Parameters<Rig['options']>[2]) {
    const turnId = await rig.rows.addMessage()
    const result = await runTurn(rig.options(turnId, 'Hello', more))
    return { turnId, result, row: await rig.rows.row(turnId) }
  }

  describe('asks once', () => {
    it('stores the prompt id before the send', async () => {
      answerHello()
      const turnId = await rig.rows.addMessage()
      rig.impostor.fail(promptPath, fault.stall())
      const stop = new AbortController()
      const running = runTurn(rig.options(turnId, 'Hello', { cancelSignal: stop.signal }))
      const request = await rig.impostor.next(promptPath)
      const body = request.body as { messageID: string; parts: { id: string }[] }
      expect(await rig.rows.row(turnId)).to.include({ prompt_id: body.messageID })
      const turn = await rig.rows.store.read(turnId)
      expect(turn?.prompt?.partIds).to.deep.equal(body.parts.map((part) => part.id))
      stop.abort()
      await running
    })

    for (const [name, broken] of [
      ['the answer was lost', fault.loseAnswer()],
      ['the connection was reset', fault.reset()],
      ['the server refused the connection', fault.refuse()],
      ['a proxy said 503', fault.unavailable()],
      ['the server said 500', fault.serverError()],
    ] as const) {
      it(`ends in one user message and one run when ${name}`, async () => {
        answerHello()
        rig.impostor.fail(promptPath, broken)
        const { result, row } = await run()
        expect(result.status).to.equal('completed')
        expect(row['text']).to.equal('Hello you.')
        expect(await rig.userMessages()).to.equal(1)
        rig.impostor.assertComplete()
      })
    }

    it('lets one of two workers with the same job run it', async () => {
      answerHello()
      const turnId = await rig.rows.addMessage()
      const results = await Promise.all(
        ['worker-1', 'worker-2', 'worker-3'].map((owner) =>
          runTurn(rig.options(turnId, 'Hello', { owner, client: rig.connect() })),
        ),
      )
      expect(results.map((result) => result.status).toSorted()).to.deep.equal([
        'completed',
        'skipped',
        'skipped',
      ])
      expect(await rig.userMessages()).to.equal(1)
      rig.impostor.assertComplete()
    })

    it('finds a settled turn settled', async () => {
      answerHello()
      const { turnId } = await run()
      const again = await runTurn(rig.options(turnId, 'Hello'))
      expect(again).to.include({ status: 'skipped', reason: 'settled', mustRunAgain: false })
    })

    it('makes a new session and a new prompt id when the session is gone upstream', async () => {
      answerHello()
      const first = await run()
      const before = (await rig.rows.store.read(first.turnId))?.prompt
      await rig.client.session.delete(before?.sessionId ?? '')
      answerHello()
      const second = await run({ recovery: { onSessionLost: 'replace' } })
      expect(second.result.status).to.equal('completed')
      const after = (await rig.rows.store.read(second.turnId))?.prompt
      expect(after?.sessionId).to.not.equal(before?.sessionId)
      expect(second.row['text']).to.equal('Hello you.')
    })
  })

  describe('loses nothing', () => {
    const whole = reply(
      text('One. '),
      tool.write({ filePath: 'a.txt', content: 'a' }),
      text('Two.', { chunks: 4 }),
    )

    it('finishes by polls alone when the stream is silent', async () => {
      rig.impostor.answer(on('Hello', whole))
      rig.impostor.fail(eventPath, fault.silence(1), { times: 20 })
      const { row } = await run()
      expect(row).to.include({ status: 'completed', text: 'One. \n\nTwo.' })
    })

    it('finishes by polls alone when there is no stream', async () => {
      rig.impostor.answer(on('Hello', whole))
      rig.impostor.fail(eventPath, fault.notFound(), { times: 100 })
      const { row } = await run()
      expect(row).to.include({ status: 'completed', text: 'One. \n\nTwo.' })
      expect(rig.reports.join()).to.include('stream:')
    })

    it('ends with the same reply wherever the stream is cut', async function () {
      this.timeout(60_000)
      rig.impostor.answer(on('Hello', whole))
      const { row } = await run()
      const frames = rig.impostor.events.entries.length
      expect(frames).to.be.greaterThan(20)
      for (let at = 1; at <= frames; at += 1) {
        rig.impostor.answer(on('Hello', whole))
        rig.impostor.fail(eventPath, fault.cut(at))
        const cut = await run()
        expect(cut.row, `cut at ${at}`).to.include({
          status: 'completed',
          text: row['text'] as string,
        })
        expect(cut.row['cost'], `cut at ${at}`).to.equal(row['cost'])
      }
    })
  })

  describe('proves before success', () => {
    it('stores a provider error as a failure, never as an answer', async () => {
      rig.impostor.answer(on('Hello', reply(providerError({ status: 401, message: 'bad key' }))))
      const { result, row } = await run()
      expect(result).to.have.nested.property('error.code', 'provider_refused')
      expect(row).to.include({ status: 'failed', error_code: 'provider_refused', text: '' })
      expect(row['error_message']).to.not.include('bad key')
    })

    it('takes an agent that says and does nothing for a failure unless the host allows it', async () => {
      rig.impostor.answer([on('Hello', reply(finish('stop'))), on('Hello', reply(finish('stop')))])
      expect((await run()).result).to.have.nested.property('error.code', 'empty_reply')
      expect((await run({ recovery: { emptyReply: 'complete' } })).result.status).to.equal(
        'completed',
      )
    })

    it('ends a prompt with an unknown agent, which never becomes busy', async () => {
      const turnId = await rig.rows.addMessage()
      const result = await runTurn({
        ...rig.options(turnId, 'Hello'),
        prompt: { text: 'Hello', agent: 'nobody' },
      })
      expect(result).to.have.nested.property('error.code', 'prompt_rejected')
    })
  })

  describe('keeps terminal terminal', () => {
    it('lets a person’s cancel in the row win, stops the agent and keeps the partial text', async () => {
      rig.impostor.answer(on('Hello', reply(text('Partial.'), gate('more'), text(' Late.'))))
      const turnId = await rig.rows.addMessage()
      let heard: () => void = () => undefined
      const partial = new Promise<void>((resolve) => (heard = resolve))
      const running = runTurn(
        rig.options(turnId, 'Hello', {
          onReply: observing({ textDelta: () => heard() }),
          timing: { leaseMs: 300 },
        }),
      )
      await partial
      expect(await rig.rows.store.cancel({ turnId })).to.equal(true)
      const result = await running
      expect(result.status).to.equal('cancelled')
      const row = await rig.rows.row(turnId)
      expect(row['status']).to.equal('cancelled')
      expect(row['text']).to.match(/^Partial/)
      expect(await rig.client.session.status()).to.deep.equal({})
    })

    it('ends as cancelled when the cancel comes between the proof and the write', async () => {
      answerHello()
      const turnId = await rig.rows.addMessage()
      const { store } = rig.rows
      const result = await runTurn(
        rig.options(turnId, 'Hello', {
          store: {
            ...store,
            settle: async (lease, settlement) => {
              await store.cancel({ turnId })
              return await store.settle(lease, settlement)
            },
          },
        }),
      )
      expect(result.status).to.equal('cancelled')
      expect(await rig.rows.row(turnId)).to.include({ status: 'cancelled', text: 'Hello you.' })
    })

    it('survives every callback that throws', async () => {
      answerHello()
      const broken = (): never => {
        throw new Error('host bug')
      }
      const { result } = await run({
        onSettled: broken,
        onReply: (reply) => {
          reply.observe({ changed: broken })
          broken()
        },
        onError: broken,
        artifacts: { collect: () => Promise.reject(new Error('disk full')) },
      })
      expect(result.status).to.equal('completed')
    })
  })

  it('leaves the turn to the next worker when it is asked to hand it off', async () => {
    rig.impostor.answer(on('Hello', reply(text('One. '), gate('rest'), text('Two.'))))
    const turnId = await rig.rows.addMessage()
    const handoff = new AbortController()
    const first = await runTurn(
      rig.options(turnId, 'Hello', {
        signal: handoff.signal,
        onReply: observing({ textDelta: () => handoff.abort() }),
      }),
    )
    expect(first).to.include({ status: 'skipped', reason: 'handed_off' })
    rig.impostor.gate('rest').open()
    const second = await runTurn(rig.options(turnId, 'Hello', { owner: 'worker-2' }))
    expect(second.status).to.equal('completed')
    expect(await rig.rows.row(turnId)).to.include({ text: 'One. Two.' })
    expect(await rig.userMessages()).to.equal(1)
  })

  it('refuses an empty prompt and senseless times at the door', async () => {
    const options = rig.options(1, 'Hello')
    const thrown = async (more: object): Promise<unknown> =>
      await runTurn({ ...options, ...more }).catch((error: unknown) => error)
    expect(await thrown({ prompt: { text: '' } })).to.be.instanceOf(TypeError)
    expect(await thrown({ timing: { pollMs: 0 } })).to.be.instanceOf(RangeError)
  })
})
