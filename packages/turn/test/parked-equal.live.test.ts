import { on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'mocha'
import { createMemoryHistory, runTurn, type TurnResult, waitForPerson } from '../src/index.js'
import { until } from './support/inbox.js'
import { openRealServer, type RealServer } from './support/real-server.js'
import { openRows, type Rows } from './support/rows.js'

describe('two equal questions of a turn on the real opencode serve', function () {
  this.timeout(120_000)
  let real: RealServer
  let rows: Rows

  before(async function () {
    real = await openRealServer(this)
    rows = await openRows()
  })
  after(async () => {
    await real?.[Symbol.asyncDispose]()
    await rows?.close()
  })

  const asks = async () => (await rows.store.read(1))?.asks ?? []
  const run = (): Promise<TurnResult> =>
    runTurn({
      client: real.client,
      store: rows.store,
      conversationId: 1,
      turnId: 1,
      prompt: { text: 'Twice' },
      session: {
        title: 'A conversation',
        permission: [{ permission: 'bash', pattern: '*', action: 'ask' }],
      },
      asks: waitForPerson,
      timing: { leaseMs: 1_000, parkAfterMs: 2_000 },
    })
  const allow = async (number: number): Promise<void> => {
    const askId = (await asks())[number]?.id ?? ''
    const decision = { action: 'allow' } as const
    const answer = await rows.anotherStore().answerAsk({ turnId: 1, askId, decision })
    expect(answer).to.include({ accepted: true })
  }
  const ran = async (): Promise<number> =>
    (await readFile(join(real.server.directory, 'ran.log'), 'utf8').catch(() => '')).length

  it('get no answer of the other where the server was restarted', async () => {
    const writes = tool.bash({ command: 'printf x >> ran.log' })
    real.model.answer(on('Twice', reply(writes, writes, text('Done.')), { times: 3 }))
    await rows.addMessage()
    const waiting = run()
    await until(async () => (await asks()).length === 2)
    expect(await waiting).to.include({ status: 'skipped', reason: 'waiting' })
    await real.server.kill('SIGKILL')
    await real.server.restart()
    await allow(1)
    expect(await run()).to.include({ status: 'skipped', reason: 'waiting' })
    expect((await asks()).map(({ state }) => state)).to.deep.equal([
      'closed',
      'closed',
      'open',
      'sent',
    ])
    expect(await ran()).to.equal(1)
    await allow(2)
    expect(await run()).to.include({ status: 'completed' })
    expect(await ran()).to.equal(2)
  })

  it('is told what was said before in the place of a lost session, and marked as that', async () => {
    real.model.answer([on('One', reply(text('First.'))), on('Two', reply(text('Second.')))])
    const history = createMemoryHistory()
    const ask = async (words: string, onSessionLost: () => string): Promise<TurnResult> => {
      const turnId = await rows.addMessage()
      return await runTurn({
        client: real.client,
        store: rows.store,
        history,
        conversationId: 1,
        turnId,
        prompt: { text: words },
        recovery: { onSessionLost },
      })
    }
    await ask('One', () => expect.fail('nothing is lost'))
    const [session] = await real.client.session.list()
    await real.client.session.delete(session?.id ?? '')
    const result = await ask('Two', () => 'This was said.')
    expect(result).to.include({ status: 'completed', session: 'replaced' })
    const [made] = await real.client.session.list()
    const [first] = await real.client.session.messages(made?.id ?? '')
    expect(first?.parts[0]).to.deep.include({
      text: 'This was said.',
      metadata: { 'turnstead-retold': true },
    })
  })
})
