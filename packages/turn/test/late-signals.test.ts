import { ask, fault, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, waitForPerson } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

const never = (): Promise<never> => new Promise(() => undefined)

describe('a turn that has come to its end', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  it('stops collecting files when another worker has taken the conversation', async () => {
    rig.impostor.answer(
      on('Hello', reply(tool.write({ filePath: 'a', content: 'a' }), text('Done.'))),
    )
    const { knex } = rig.rows.database
    let hasEnded = false
    const collect = async ({ signal }: { signal?: AbortSignal }): Promise<never> => {
      await knex('conversations').update({ turn_expires_at: 1 })
      await rig.rows
        .anotherStore()
        .claimConversation({ conversationId: 1, owner: 'worker-2', leaseMs: 60_000 })
      return await new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          hasEnded = true
          reject(signal.reason)
        })
      })
    }
    const result = await runTurn(
      rig.options(turnId, 'Hello', {
        artifacts: { collect },
        budgets: { progressMs: 3_000 },
        timing: { leaseMs: 300 },
      }),
    )
    expect(result).to.include({ status: 'completed', artifacts: null })
    expect(hasEnded).to.equal(true)
    expect(result.status !== 'skipped' && result.durationMs).to.be.below(2_000)
    expect(rig.reports.join()).to.include('artifacts: ')
    expect(rig.reports.join()).to.not.include('progressMs')
    expect(await rig.rows.row(turnId)).to.include({ closed_at: null })
  })

  it('is cancelled by a cancel that comes before the end is written', async () => {
    const cancel = new AbortController()
    rig.impostor.answer(
      on('Hello', reply(ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })))),
    )
    rig.impostor.fail('POST /permission/*/reply', fault.delay(100))
    const running = runTurn(
      rig.options(turnId, 'Hello', { asks: waitForPerson, cancelSignal: cancel.signal }),
    )
    const asked = await rig.impostor.events.next((event) => event.type === 'permission.asked')
    await rig.client.session.abort((asked.properties as { sessionID: string }).sessionID)
    await rig.impostor.next('POST /permission/*/reply')
    cancel.abort()
    expect(await running).to.include({ status: 'cancelled' })
    expect(await rig.rows.row(turnId)).to.include({ status: 'cancelled' })
  })
})

describe('a cancel that waits for a conversation', () => {
  it('does not wait forever for a store that does not answer it', async () => {
    const rig = await openRig([])
    const first = await rig.rows.addMessage()
    const turnId = await rig.rows.addMessage()
    await rig.rows.store.claim({ conversationId: 1, turnId: first, owner: 'x', leaseMs: 60_000 })
    const store = { ...rig.rows.store, cancel: never }
    const cancelSignal = AbortSignal.abort()
    const running = runTurn(
      rig.options(turnId, 'Hello', {
        store,
        cancelSignal,
        onBusy: 'wait',
        budgets: { requestMs: 50, unreachableMs: 200 },
      }),
    )
    const error: unknown = await running.catch((reason: unknown) => reason)
    expect(error).to.be.an('error').with.property('code', 'port_timeout')
    await rig.close()
  })
})
