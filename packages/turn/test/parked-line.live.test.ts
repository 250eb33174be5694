import { on, reply, type ScriptedModel, text, tool } from '@turnstead/testkit'
import type { RunningOpencode } from '@turnstead/testkit/opencode'
import type { Client } from '@turnstead/wire'
import { expect } from 'chai'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'mocha'
import { runTurn, sessionUpstream, type TurnResult, waitForPerson } from '../src/index.js'
import { until } from './support/inbox.js'
import { openRealServer, type RealServer } from './support/real-server.js'
import { openRows, type Rows } from './support/rows.js'

describe('messages behind a turn that waits for a person on the real opencode serve', function () {
  this.timeout(120_000)
  let real: RealServer
  let model: ScriptedModel
  let server: RunningOpencode
  let client: Client
  let rows: Rows
  let mark = 0

  before(async function () {
    real = await openRealServer(this)
    ;({ model, server, client } = real)
  })
  beforeEach(async () => {
    await rows?.close()
    rows = await openRows()
    mark += 1
  })
  after(async () => {
    await real?.[Symbol.asyncDispose]()
    await rows?.close()
  })

  const begin = (turnId: number, words: string): Promise<TurnResult> =>
    runTurn({
      client,
      store: rows.store,
      conversationId: 1,
      turnId,
      prompt: { text: words },
      session: {
        title: 'A conversation',
        permission: [{ permission: 'bash', pattern: '*', action: 'ask' }],
      },
      asks: waitForPerson,
      timing: { leaseMs: 1_000, parkAfterMs: 3_000 },
    })
  const rowOf = async (turnId: number) => (await rows.store.read(turnId)) ?? expect.fail('no row')

  /** A turn that waits, and a message that its agent has been given. */
  async function parkWithSteer(): Promise<{ readonly first: string; readonly later: string }> {
    const [first, later] = [`Hello ${mark}`, `And this ${mark}`]
    const writes = tool.bash({ command: `echo ${mark} >> ran.log` })
    model.answer([
      on(first, reply(text('I write. '), writes, text('Done.')), { times: 3 }),
      on(later, reply(text('Both.')), { times: 3 }),
    ])
    await rows.addMessage()
    const running = begin(1, first)
    await until(async () => ((await rowOf(1)).asks ?? []).length > 0)
    const turnId = await rows.addMessage()
    const request = { conversationId: 1, turnId, input: { text: later } }
    await rows.anotherStore().enqueue({ ...request, delivery: 'steer' })
    const sessionId = (await rowOf(1)).prompt?.sessionId ?? ''
    const prompts = async (): Promise<number> =>
      (await client.session.messages(sessionId)).filter(({ info }) => info.role === 'user').length
    await until(async () => (await prompts()) === 2)
    expect(await running).to.include({ status: 'skipped', reason: 'waiting' })
    return { first, later }
  }
  const answer = async (): Promise<void> => {
    const [ask] = (await rowOf(1)).asks ?? []
    const decision = { action: 'allow' } as const
    await rows.anotherStore().answerAsk({ turnId: 1, askId: ask?.id ?? '', decision })
  }
  const ran = async (): Promise<number> => {
    const log = await readFile(join(server.directory, 'ran.log'), 'utf8')
    return log.split('\n').filter((line) => line === `${mark}`).length
  }

  it('are answered in the same run once there is an answer', async () => {
    const { first, later } = await parkWithSteer()
    expect(await begin(2, later)).to.include({ reason: 'queued', mustRunAgain: false })
    await answer()
    expect(await begin(1, first)).to.include({ status: 'completed', ending: 'steered' })
    expect(await rowOf(2)).to.include({ status: 'completed', text: 'Both.' })
    expect(await ran()).to.equal(1)
  })

  it('come after it where the server was restarted meanwhile, and the tool runs once', async () => {
    const { first } = await parkWithSteer()
    await server.kill('SIGKILL')
    await server.restart()
    await answer()
    expect(await begin(1, first)).to.include({ status: 'completed', ending: 'answered' })
    expect((await rowOf(1)).asks?.map(({ state }) => state)).to.deep.equal(['closed', 'sent'])
    expect(await rowOf(2)).to.include({ status: 'completed', text: 'Both.' })
    expect(await ran()).to.equal(1)
  })

  it('are cancelled without a stop of its agent', async () => {
    const { first, later } = await parkWithSteer()
    await rows.store.cancel({ turnId: 2 })
    expect(await begin(2, later)).to.include({ reason: 'settled' })
    expect(await client.permission.list()).to.have.length(1)
    await answer()
    expect(await begin(1, first)).to.include({ status: 'completed' })
    expect(await ran()).to.equal(1)
    expect((await rowOf(2)).closedAt).not.to.equal(null)
  })

  it('are gone with it, and with its question, when the conversation is removed', async () => {
    await parkWithSteer()
    await rows.store.removeConversation(1, sessionUpstream(client))
    expect(await client.permission.list()).to.deep.equal([])
    expect(await client.session.status()).to.deep.equal({})
  })
})
