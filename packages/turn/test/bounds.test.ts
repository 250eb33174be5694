import { fault, gate, on, reply, retry, text, tool, usage } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn } from '../src/index.js'
import { openRig, type Rig, observing } from './support/rig.js'

describe('the bounds of a turn', () => {
  let rig: Rig

  beforeEach(async () => {
    rig = await openRig([])
  })
  afterEach(() => rig.close())

  async function run(more: Parameters<Rig['options']>[2]) {
    const turnId = await rig.rows.addMessage()
    const result = await runTurn(rig.options(turnId, 'Hello', more))
    return { result, row: await rig.rows.row(turnId) }
  }

  const stopped = { aborted: true, rejectedAsks: 0, asksClosed: true, idle: true }

  it('end a server that retries its provider for too long, and stop the agent', async () => {
    rig.impostor.answer(on('Hello', reply(retry({ times: 5 }), text('Late.'))))
    const { result, row } = await run({ budgets: { retryMs: 60 } })
    expect(result).to.have.nested.property('error.code', 'budget_retry')
    expect(result).to.deep.include({ stop: stopped })
    expect(row).to.include({ status: 'failed', error_code: 'budget_retry' })
    expect(await rig.client.session.status()).to.deep.equal({})
  })

  it('end a wait for the provider that is longer than polls are apart, with a stream and with one that is always cut', async () => {
    for (const isStreaming of [true, false]) {
      const words = `Free usage exceeded ${isStreaming}`
      const wait = retry({ status: 429, message: words, retryAfterSeconds: 70_000 })
      rig.impostor.answer(on('Hello', reply(wait, text('Never.'))))
      if (!isStreaming) rig.impostor.fail('GET /event', fault.cut(1), { times: 1e9 })
      const { result } = await run({ budgets: { retryMs: 300 } })
      expect(result).to.have.nested.property('error.code', 'budget_retry')
      expect(result).to.have.nested.property('error.cause.message', words)
    }
  })

  it('end a model that never comes to an end, by its steps', async () => {
    const loop = Array.from({ length: 30 }, (_, index) => [
      text('On. '),
      tool.write({ filePath: `${index}.txt`, content: 'x' }),
    ])
    rig.impostor.answer(on('Hello', reply(...loop, gate('end'))))
    const { result } = await run({ budgets: { steps: 3 } })
    expect(result).to.have.nested.property('error.code', 'budget_steps')
    expect(result).to.deep.include({ stop: stopped })
  })

  it('end a turn that became too expensive, and keep what it said', async () => {
    rig.impostor.answer(
      on(
        'Hello',
        reply(
          usage({ input: 900, output: 200 }),
          text('Costly.'),
          tool.write({ filePath: 'a.txt', content: 'x' }),
          gate('end'),
        ),
      ),
    )
    const { result, row } = await run({ budgets: { tokens: 1_000 } })
    expect(result).to.have.nested.property('error.code', 'budget_tokens')
    expect(row['text']).to.equal('Costly.')
    expect(Number(row['input_tokens'])).to.equal(900)
  })

  it('end a turn whose server does not come back, with the text that was seen', async () => {
    rig.impostor.answer(on('Hello', reply(text('Seen. '), gate('never'))))
    const { result, row } = await run({
      budgets: { unreachableMs: 150, stopMs: 50 },
      onReply: observing({ textDelta: () => void rig.impostor.kill() }),
    })
    expect(result).to.have.nested.property('error.code', 'server_unreachable')
    expect(result).to.have.nested.property('stop.aborted', false)
    expect(row).to.include({ status: 'failed', text: 'Seen. ' })
  })

  it('do not keep a conversation that the lease-holder left: its next turn runs', async () => {
    rig.impostor.answer([on('Hello', reply(text('One.'))), on('Hello', reply(text('Two.')))])
    await run({ owner: 'worker-1' })
    const { result, row } = await run({ owner: 'worker-2' })
    expect(result.status).to.equal('completed')
    expect(row['text']).to.equal('Two.')
  })

  it('let no worker write after its lease was taken over', async () => {
    rig.impostor.answer(on('Hello', reply(text('Whole.'), gate('slow'))))
    const turnId = await rig.rows.addMessage()
    const { knex } = rig.rows.database
    const claim = { conversationId: 1, turnId, owner: 'worker-2', leaseMs: 60_000 }
    const takeOver = async (): Promise<void> => {
      // As if this process had been paused for longer than its lease.
      await knex('conversations').update({ turn_expires_at: 1 })
      await rig.rows.anotherStore().claim(claim)
    }
    const paused = runTurn(
      rig.options(turnId, 'Hello', { onReply: observing({ textDelta: () => void takeOver() }) }),
    )
    const result = await paused
    expect(result).to.include({ status: 'skipped', reason: 'lease_lost' })
    expect(await rig.rows.row(turnId)).to.include({ status: 'running' })
    rig.impostor.gate('slow').open()
  })
})
