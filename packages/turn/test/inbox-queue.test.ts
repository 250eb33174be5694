import { gate, on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import {
  createTurnWorker,
  runTurn,
  TurnError,
  type TurnResult,
  type TurnWorker,
  type TurnWorkerOptions,
} from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'
import { ends, post, until } from './support/inbox.js'

describe('messages in the line of a conversation', () => {
  let rig: Rig
  const asked: string[] = []
  const workers: TurnWorker[] = []

  beforeEach(async () => {
    asked.length = 0
    rig = await openRig([])
    rig.impostor.answer(
      ['One', 'Two', 'Three', 'Four'].map((words) =>
        on(words, () => {
          asked.push(words)
          return reply(text(`${words}.`))
        }),
      ),
    )
  })
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()))
    await rig.close()
  })

  const postAll = async (): Promise<readonly number[]> => {
    const ids: number[] = []
    for (const words of ['One', 'Two', 'Three', 'Four']) ids.push(await post(rig, words))
    return ids
  }
  const inOrder = ['completed: One.', 'completed: Two.', 'completed: Three.', 'completed: Four.']

  function open(owner: string, more: Partial<TurnWorkerOptions> = {}): TurnWorker {
    const { client, onError, budgets, timing } = rig.options(0, '')
    const given = { client, onError, budgets, timing, owner, store: rig.rows.anotherStore() }
    const worker = createTurnWorker({ ...(given as TurnWorkerOptions), ...more })
    workers.push(worker)
    return worker
  }

  it('run in their order over two workers, whichever job comes first, and one job each is enough', async () => {
    const ids = await postAll()
    const crew = [open('worker-1', { resumeMs: 0 }), open('worker-2', { resumeMs: 0 })]
    const jobs = ids.toReversed().map((turnId, index) => ({ conversationId: 1, turnId, index }))
    await Promise.all(
      jobs.map(async ({ index, ...job }) => {
        // As a queue does: again until it is done.
        for (let tries = 0; tries < 200; tries += 1) {
          try {
            return await crew[index % 2]?.run(job)
          } catch (error) {
            if (!TurnError.is(error) || error.code !== 'not_run') throw error
            await new Promise(setImmediate)
          }
        }
        throw new Error('the job never ended')
      }),
    )
    expect(asked).to.deep.equal(['One', 'Two', 'Three', 'Four'])
    expect(await ends(rig)).to.deep.equal(inOrder)
    expect(await rig.userMessages()).to.equal(4)
  })

  it('run before a later one by its job, also when their own jobs are lost, and are reported', async () => {
    const ids = await postAll()
    const last = ids.at(-1) ?? 0
    const settled: TurnResult[] = []
    const options = rig.options(last, 'ignored', {
      onSettled: (result) => void settled.push(result),
    })
    const result = await runTurn(options)
    expect(result).to.include({ status: 'completed', turnId: last, next: null })
    expect(settled.map(({ turnId }) => turnId)).to.deep.equal(ids)
    const next = settled.map((each) => (each.status === 'skipped' ? undefined : each.next))
    expect(next).to.deep.equal([...ids.slice(1), null])
    expect(await ends(rig)).to.deep.equal(inOrder)
  })

  it('go on by the worker that ended the one before, without waiting for their jobs', async () => {
    const ids = await postAll()
    const worker = open('worker-1')
    const first = await worker.run({ conversationId: 1, turnId: ids[0] ?? 0 })
    expect(first).to.include({ status: 'completed', next: ids[1] })
    await until(async () => (await rig.rows.row(ids.at(-1) ?? 0))['status'] === 'completed')
    expect(asked).to.deep.equal(['One', 'Two', 'Three', 'Four'])
    expect(await ends(rig)).to.deep.equal(inOrder)
  })

  it('are run with what the host says of each, not of the one behind', async () => {
    const ids = await postAll()
    const told: unknown[] = []
    const worker = open('worker-1', {
      resumeMs: 0,
      turnOptions: ({ turnId }) => {
        told.push(turnId)
        return {}
      },
    })
    await worker.run({ conversationId: 1, turnId: ids[2] ?? 0 })
    expect(told.filter((id, index) => told.indexOf(id) === index)).to.have.members(ids.slice(0, 3))
    expect(asked).to.deep.equal(['One', 'Two', 'Three'])
  })

  it('are left out when they are withdrawn, and their jobs have nothing to do', async () => {
    const ids = await postAll()
    expect(await rig.rows.store.withdraw(ids[1] ?? 0)).to.equal('withdrawn')
    await runTurn(rig.options(ids[3] ?? 0, 'ignored'))
    expect(asked).to.deep.equal(['One', 'Three', 'Four'])
    const job = await runTurn(rig.options(ids[1] ?? 0, 'Two'))
    expect(job).to.include({ status: 'skipped', reason: 'settled', mustRunAgain: false })
    expect(await ends(rig)).to.deep.equal([inOrder[0], 'cancelled: withdrawn', ...inOrder.slice(2)])
  })

  it('hold up no one when one of them fails', async () => {
    const wrong = await post(rig, 'Wrong')
    await rig.rows.database
      .knex('messages')
      .where({ id: wrong })
      .update({ turn_input: '{"no":"prompt"}' })
    const right = await post(rig, 'One')
    expect(await runTurn(rig.options(right, 'One'))).to.include({ status: 'completed' })
    const { error_code: code, error_message: message } = await rig.rows.row(wrong)
    expect(code).to.equal('prompt_rejected')
    expect(message).to.match(/What the row of turn .* asks is no prompt: `prompt` needs `text`/)
  })

  it('are left to others by the cancel of the one that waits for them, which is cancelled', async () => {
    rig.impostor.answer(on('Slow', reply(text('Slow.'), gate('slow'), text(' Done.'))))
    const slow = await post(rig, 'Slow')
    const later = await post(rig, 'One')
    const cancel = new AbortController()
    const running = runTurn(rig.options(later, 'One', { cancelSignal: cancel.signal }))
    await rig.impostor.gate('slow').reached()
    cancel.abort()
    expect(await running).to.include({ status: 'cancelled', turnId: later })
    expect(await rig.rows.row(later)).to.include({ status: 'cancelled' })
    expect(await rig.rows.row(slow)).to.include({ status: 'running' })
    rig.impostor.gate('slow').open()
    expect(await runTurn(rig.options(slow, 'Slow'))).to.include({ status: 'completed' })
    expect(await ends(rig)).to.deep.equal(['completed: Slow. Done.', 'cancelled: '])
  })
})
