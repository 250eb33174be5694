import { gate, on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnResult } from '../src/index.js'
import { openRig, type Rig, observing } from './support/rig.js'

describe('a turn whose run was lost', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([on('Hello', reply(text('One. '), gate('rest')))])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  async function handOff(): Promise<string> {
    const handoff = new AbortController()
    await runTurn(
      rig.options(turnId, 'Hello', {
        signal: handoff.signal,
        onReply: observing({ textDelta: () => handoff.abort() }),
      }),
    )
    return (await rig.rows.store.read(turnId))?.prompt?.sessionId ?? ''
  }

  it('is not asked again elsewhere when its session was deleted: the first run may have done its work', async () => {
    const sessionId = await handOff()
    await rig.client.session.delete(sessionId)
    const result = await runTurn(rig.options(turnId, 'Hello'))
    expect(result).to.have.nested.property('error.code', 'turn_stopped')
    expect(await rig.userMessages()).to.equal(0)
    expect(await rig.client.session.status()).to.deep.equal({})
  })

  it('is settled before the next turn of the conversation runs, in a session of its own', async () => {
    await rig.client.session.delete(await handOff())
    rig.impostor.answer(on('Other', reply(text('Other.'))))
    const otherId = await rig.rows.addMessage()
    const settled: unknown[] = []
    const onSettled = (result: TurnResult): void => void settled.push(result.turnId)
    const result = await runTurn(
      rig.options(otherId, 'Other', { onSettled, recovery: { onSessionLost: 'replace' } }),
    )
    expect(result).to.include({ status: 'completed', sessionRecreated: true })
    expect(settled).to.deep.equal([turnId, otherId])
    expect(await rig.rows.row(turnId)).to.include({ status: 'failed', error_code: 'turn_stopped' })
  })

  it('is no lost run when it was never sent: a gone session is replaced whatever the policy', async () => {
    await rig.client.session.delete(await handOff())
    rig.impostor.answer(on('Other', reply(text('Other.'))))
    const otherId = await rig.rows.addMessage()
    const result = await runTurn(
      rig.options(otherId, 'Other', {
        recovery: { maxReruns: 0, onServerLost: 'fail', onSessionLost: 'replace' },
      }),
    )
    expect(result.status).to.equal('completed')
    expect((await rig.rows.store.read(otherId))?.prompt?.runs).to.equal(0)
  })

  it('has the time to its first token from the run that gave it', async () => {
    rig.impostor.answer(on('Hello', reply(text('Two.'))))
    const opened: Promise<void>[] = []
    const result = await runTurn(
      rig.options(turnId, 'Hello', {
        onReply: observing({
          textDelta: () => {
            if (opened.length > 0) return
            opened.push(rig.impostor.restart().then(() => rig.impostor.gate('rest').open()))
          },
        }),
      }),
    )
    await Promise.all(opened)
    expect(result).to.include({ status: 'completed' })
    const seenAfterMs = result.status === 'skipped' ? null : result.timeToFirstTokenMs
    expect(seenAfterMs).to.be.within(0, 1_000)
  })

  it('says that the directory is not there, though the server says it in the first run alone', async () => {
    const client = rig.connect().withScope({ directory: '/does/not/exist' })
    const result = await runTurn(rig.options(turnId, 'Hello', { client }))
    expect(result).to.have.nested.property('error.code', 'server_lost_turn')
    expect(result).to.have.nested.property('error.message').that.includes('does not exist')
    expect(result).to.have.nested.property('error.cause.message').that.includes('/does/not/exist')
    expect((await rig.rows.store.read(turnId))?.prompt?.runs).to.be.greaterThan(0)
  })
})
