import {
  createManualClock,
  type ManualClock,
  fault,
  gate,
  on,
  reply,
  text,
  tool,
} from '@turnstead/testkit'
import { machineFactor } from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, waitForPerson, type TurnStore } from '../src/index.js'
import { resolveOptions } from '../src/options.js'
import { openRig, type Rig, observing } from './support/rig.js'

const never = new Promise<never>(() => undefined)
const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Lets time pass until something is over: however slow the machine is, no limit passes before it is let. */
async function passUntilOver(clock: ManualClock, waited: Promise<unknown>): Promise<void> {
  let isOver = false
  const end = (): void => void (isOver = true)
  waited.then(end, end)
  while (!isOver) {
    await clock.advance(10)
    await nextTick()
  }
}

/** What a slow machine takes longer for. */
const factor = machineFactor()

describe('the waits of a turn', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const hang = (...verbs: (keyof TurnStore)[]): TurnStore => ({
    ...rig.rows.store,
    ...Object.fromEntries(verbs.map((verb) => [verb, () => never])),
    ...(verbs.includes('renew') ? { renewAll: undefined } : {}),
  })

  describe('on a database that stopped answering', () => {
    it('reject, so that the job comes back, and leave the row to it', async () => {
      rig.impostor.answer(on('Hello', reply(text('Partial.'), gate('more'))))
      const store = hang('renew', 'snapshot', 'release')
      const clock = createManualClock(Date.now())
      const running = runTurn(rig.options(turnId, 'Hello', { store, clock }))
      await rig.impostor.gate('more').reached()
      await passUntilOver(clock, running)
      const error: unknown = await running.catch((reason: unknown) => reason)
      expect(error).to.be.an('error').with.property('retryable', true)
      expect(await rig.rows.row(turnId)).to.include({ status: 'running' })
    })

    it('go on under a lease that ran out while no one else took it', async () => {
      rig.impostor.answer(on('Hello', reply(text('One. '), gate('more'), text('Two.'))))
      const clock = createManualClock(Date.now())
      let isAway = false
      const renew: TurnStore['renew'] = (...args) =>
        isAway ? never : rig.rows.store.renew(...args)
      const running = runTurn(
        rig.options(turnId, 'Hello', {
          store: { ...rig.rows.store, renew },
          clock,
          onReply: observing({ textDelta: () => (isAway = true) }),
        }),
      )
      await rig.impostor.gate('more').reached()
      await clock.advance(2_500)
      isAway = false
      rig.impostor.gate('more').open()
      await passUntilOver(clock, running)
      expect(await running).to.include({ status: 'completed' })
      expect(await rig.rows.row(turnId)).to.include({ status: 'completed', text: 'One. Two.' })
    })

    for (const verb of ['ensureSession', 'recordPrompt', 'snapshot'] as const) {
      it(`end in ${verb} when the process is asked to hand the turn off`, async () => {
        rig.impostor.answer(on('Hello', reply(text('Partial.'), gate('more'))))
        const handoff = new AbortController()
        const store = {
          ...rig.rows.store,
          [verb]: () => {
            handoff.abort()
            return never
          },
        }
        const result = await runTurn(
          rig.options(turnId, 'Hello', {
            store,
            signal: handoff.signal,
            budgets: { requestMs: 500 },
          }),
        )
        expect(result).to.include({ status: 'skipped', reason: 'handed_off' })
      })
    }
  })

  describe('on a database that fails once', () => {
    const deadlock = (): Error => Object.assign(new Error('deadlock'), { retryable: true })

    for (const verb of ['ensureSession', 'recordPrompt', 'settle'] as const) {
      for (const isDone of [false, true]) {
        it(`go on to the end when ${verb} failed ${isDone ? 'after' : 'before'} it was done`, async () => {
          rig.impostor.answer(on('Hello', reply(text('Hello you.'))))
          let calls = 0
          const failOnce = async (...args: unknown[]): Promise<unknown> => {
            calls += 1
            const call = (): unknown => Reflect.apply(rig.rows.store[verb], rig.rows.store, args)
            if (calls > 1) return await call()
            if (isDone) await call()
            throw deadlock()
          }
          const store = { ...rig.rows.store, [verb]: failOnce }
          const result = await runTurn(rig.options(turnId, 'Hello', { store }))
          expect(result.status).to.equal('completed')
          expect(calls).to.equal(2)
          expect(await rig.rows.row(turnId)).to.include({ status: 'completed' })
          expect(await rig.userMessages()).to.equal(1)
        })
      }
    }

    it('reject with the store’s own error when it goes on failing', async () => {
      const store = { ...rig.rows.store, recordPrompt: () => Promise.reject(deadlock()) }
      const clock = createManualClock(Date.now())
      const running = runTurn(rig.options(turnId, 'Hello', { store, clock }))
      await passUntilOver(clock, running)
      const error: unknown = await running.catch((thrown: unknown) => thrown)
      expect(error).to.have.property('message', 'deadlock')
    })
  })

  for (const [name, broken] of [
    ['a proxy’s web page', fault.html()],
    ['half an answer', fault.truncate()],
  ] as const) {
    it(`go on when a poll met ${name}`, async () => {
      rig.impostor.answer(on('Hello', reply(text('Hello you.'))))
      rig.impostor.fail('GET /session/status', broken, { times: 2 })
      const result = await runTurn(rig.options(turnId, 'Hello'))
      expect(result.status).to.equal('completed')
    })
  }

  it('end when the client was closed under the turn, which the next worker goes on with', async () => {
    rig.impostor.answer(on('Hello', reply(text('One. '), gate('rest'), text('Two.'))))
    const client = rig.connect()
    const first = await runTurn(
      rig.options(turnId, 'Hello', {
        client,
        onReply: observing({ textDelta: () => void client.close() }),
      }),
    )
    expect(first).to.include({ status: 'skipped', reason: 'handed_off' })
    rig.impostor.gate('rest').open()
    const second = await runTurn(rig.options(turnId, 'Hello'))
    expect(second.status).to.equal('completed')
  })

  it('do not end by the first-event budget when only the polls show the agent', async () => {
    rig.impostor.answer(on('Hello', reply(text('One.'), gate('rest'))))
    rig.impostor.fail('GET /event', fault.notFound(), { times: 100 })
    const running = runTurn(
      rig.options(turnId, 'Hello', {
        budgets: { firstEventMs: 250 * factor, progressMs: 600 * factor },
      }),
    )
    expect(await running).to.have.nested.property('error.code', 'budget_progress')
  })

  for (const [name, broken] of [
    ['there is no stream', fault.notFound()],
    ['the stream is silent', fault.silence(1)],
  ] as const) {
    it(`end for an ask although ${name}`, async () => {
      rig.impostor.answer(
        on('Hello', reply(tool.write({ filePath: 'a.txt', content: 'a' }), text('Done.'))),
      )
      rig.impostor.fail('GET /event', broken, { times: 100 })
      const result = await runTurn(
        rig.options(turnId, 'Hello', {
          session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
          asks: () => ({ action: 'allow' }),
          budgets: { progressMs: 15_000, firstEventMs: 15_000 },
        }),
      )
      expect(result.status).to.equal('completed')
    })
  }

  it('end for the ask of a sub-agent that only a poll has found', async () => {
    const write = tool.write({ filePath: 'a.txt', content: 'a' })
    rig.impostor.answer(
      on(
        'Hello',
        reply(
          tool.task(
            { description: 'Write', prompt: 'Write it' },
            reply({ ...write, ask: {} }, text('Written.')),
          ),
          text('Done.'),
        ),
      ),
    )
    const handoff = new AbortController()
    const first = runTurn(
      rig.options(turnId, 'Hello', {
        signal: handoff.signal,
        asks: waitForPerson,
        timing: { snapshotMs: 60_000 },
      }),
    )
    await rig.impostor.events.next((event) => event.type === 'permission.asked')
    handoff.abort()
    await first
    rig.impostor.fail('GET /event', fault.notFound(), { times: 100 })
    const seen: string[] = []
    const second = await runTurn(
      rig.options(turnId, 'Hello', {
        asks: (one) => {
          seen.push(one.kind)
          return { action: 'allow' }
        },
        timing: { pollMs: 100 },
        budgets: { progressMs: 15_000 },
      }),
    )
    expect(seen).to.deep.equal(['permission'])
    expect(second.status).to.equal('completed')
  })

  describe('of wrong options', () => {
    const setup = (more: object) => resolveOptions({ ...rig.options(1, 'Hello'), ...more })

    it('never become senseless: an option that is undefined is one that was left out', () => {
      const given = setup({
        timing: { pollMs: undefined },
        budgets: { progressMs: undefined },
        owner: undefined,
      })
      expect(given.timing.pollMs).to.equal(3_000)
      expect(given.budgets.progressMs).to.equal(360_000)
      expect(given.owner).to.match(/^worker-/)
    })

    it('are refused with the name of the budget', () => {
      expect(() => setup({ budgets: { progressMs: Number.NaN } })).to.throw(
        RangeError,
        '`budgets.progressMs`',
      )
      expect(() => setup({ budgets: { stopMs: -1 } })).to.throw(RangeError, '`budgets.stopMs`')
      expect(() => setup({ budgets: { requestMs: 0 } })).to.throw(RangeError, '`budgets.requestMs`')
      expect(() => setup({ recovery: { maxReruns: Number.NaN } })).to.throw(
        RangeError,
        '`recovery.maxReruns`',
      )
    })
  })
})
