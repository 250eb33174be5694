import { gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnOptions, type TurnStore } from '../src/index.js'
import { observing, openRig, type Rig } from './support/rig.js'

const never = (): Promise<never> => new Promise(() => undefined)
const budgets = {
  askMs: 200,
  firstEventMs: 500,
  progressMs: 500,
  requestMs: 100,
  stopMs: 300,
  unreachableMs: 400,
  wallClockMs: 1_000,
}

describe('a port of the host that never answers', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const hang = (verb: keyof TurnStore): TurnStore => ({ ...rig.rows.store, [verb]: never })
  const run = async (more: Partial<TurnOptions>): Promise<string> =>
    await runTurn(rig.options(turnId, 'Hello', { budgets, ...more })).then(
      ({ status }) => status,
      () => 'rejected',
    )
  const answer = (): void =>
    rig.impostor.answer(
      on('Hello', reply(text('One. '), tool.write({ filePath: 'a', content: 'a' }), text('Two.'))),
    )

  for (const verb of ['claim', 'ensureSession', 'recordPrompt', 'settle'] as const) {
    it(`makes the turn come back when it is ${verb}, and leaves the row open`, async () => {
      answer()
      expect(await run({ store: hang(verb) })).to.equal('rejected')
      expect((await rig.rows.row(turnId))['status']).to.be.oneOf(['pending', 'running'])
    })
  }

  for (const verb of ['snapshot', 'release', 'closeTurn'] as const) {
    it(`does not keep the turn from its end when it is ${verb}`, async () => {
      answer()
      expect(await run({ store: hang(verb) })).to.equal('completed')
      expect(await rig.rows.row(turnId)).to.include({ status: 'completed' })
    })
  }

  it('does not keep budgets from ending the turn while a snapshot waits', async () => {
    rig.impostor.answer(on('Hello', reply(text('One. '), gate('never'))))
    const store = hang('snapshot')
    const result = await runTurn(rig.options(turnId, 'Hello', { store, budgets }))
    expect(result).to.have.nested.property('error.code', 'budget_progress')
  })

  it('does not keep the result back when it is the collector, the policy or a callback', async () => {
    for (const more of [
      { artifacts: { collect: never } },
      { onSettled: never },
      { onReply: never as () => never },
      { onError: never as () => never },
    ]) {
      turnId = await rig.rows.addMessage()
      answer()
      expect(await run(more)).to.equal('completed')
    }
  })

  it('does not end the process when a callback rejects later', async () => {
    const rejects = async (): Promise<never> => {
      await Promise.resolve()
      throw new Error('host bug')
    }
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    answer()
    const callbacks = { onReply: rejects, onSettled: rejects, onError: rejects }
    expect(await run(callbacks as unknown as Partial<TurnOptions>)).to.equal('completed')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).to.deep.equal([])
  })
})

describe('a turn that is given up', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig(on('Hello', reply(text('Seen. '), gate('more'), text('Rest.'))))
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  it('leaves in the row what was shown of the reply', async () => {
    const leave = new AbortController()
    const result = await runTurn(
      rig.options(turnId, 'Hello', {
        signal: leave.signal,
        timing: { snapshotMs: 60_000 },
        onReply: observing({ textDelta: () => leave.abort() }),
      }),
    )
    expect(result).to.include({ status: 'skipped', reason: 'handed_off', mustRunAgain: true })
    expect(await rig.rows.row(turnId)).to.include({ status: 'running', text: 'Seen. ' })
  })

  it('is cancelled all the same when the user cancels it meanwhile', async () => {
    const leave = new AbortController()
    const cancel = new AbortController()
    const result = await runTurn(
      rig.options(turnId, 'Hello', {
        signal: leave.signal,
        cancelSignal: cancel.signal,
        onReply: observing({
          textDelta: () => {
            leave.abort()
            cancel.abort()
          },
        }),
      }),
    )
    expect(result).to.include({ status: 'cancelled' })
    expect(await rig.client.session.status()).to.deep.equal({})
  })

  it('puts one listener on a shutdown signal, however many turns run on it', async () => {
    const warnings: string[] = []
    const note = (warning: Error): void => void warnings.push(warning.name)
    process.on('warning', note)
    const leave = new AbortController()
    const rigs = await Promise.all(Array.from({ length: 12 }, () => openRig([])))
    const running = rigs.map(async (each) => {
      each.impostor.answer(on('Hello', reply(text('Hi.'), gate('hold'))))
      const id = await each.rows.addMessage()
      return await runTurn(each.options(id, 'Hello', { signal: leave.signal }))
    })
    await Promise.all(rigs.map((each) => each.impostor.gate('hold').reached()))
    leave.abort()
    const results = await Promise.all(running)
    expect(results.map(({ status }) => status)).to.deep.equal(Array(12).fill('skipped'))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', note)
    await Promise.all(rigs.map((each) => each.close()))
    expect(warnings).to.not.include('MaxListenersExceededWarning')
  })
})
