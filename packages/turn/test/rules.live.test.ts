import { on, reply, type ScriptedModel, text, tool } from '@turnstead/testkit'
import type { Client } from '@turnstead/wire'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { runTurn, sessionUpstream, type TurnOptions, waitForPerson } from '../src/index.js'
import { openRealServer, type RealServer } from './support/real-server.js'
import { openRows, type Rows } from './support/rows.js'

type Permission = NonNullable<NonNullable<TurnOptions['session']>['permission']>

/** The server asks for every edit, unless the session's own rules say otherwise. */
const config = { permission: { edit: 'ask' } }

describe('the rules of a session on the real opencode serve', function () {
  this.timeout(120_000)
  let real: RealServer
  let model: ScriptedModel
  let client: Client
  let rows: Rows

  before(async function () {
    real = await openRealServer(this, { config })
    ;({ model, client } = real)
    rows = await openRows()
  })
  after(async () => {
    await real?.[Symbol.asyncDispose]()
    await rows?.close()
  })

  const allow: Permission = [{ permission: 'edit', pattern: '*', action: 'allow' }]

  const run = async (prompt: string, more: Partial<TurnOptions>) => {
    model.answer(on(prompt, reply(tool.write({ filePath: 'a.txt', content: prompt }), text('Ok.'))))
    const turnId = await rows.addMessage()
    let asked = 0
    const result = await runTurn({
      client,
      store: rows.store,
      conversationId: rows.conversationId,
      turnId,
      prompt: { text: prompt },
      owner: 'worker-1',
      asks: () => {
        asked += 1
        return { action: 'allow' }
      },
      ...more,
    })
    expect(result.status).to.equal('completed')
    const turn = await rows.store.read(turnId)
    return { asked, turn, sessionId: turn?.prompt?.sessionId ?? '' }
  }

  it('a rule that was taken away no longer allows, and the agent remembers what was said', async () => {
    const first = await run('First of all', { session: { permission: allow } })
    expect(first.asked).to.equal(0)
    const second = await run('Then this', { session: { permission: [] } })
    expect(second.asked, 'asked once the rule is gone').to.equal(1)
    expect(second.sessionId).to.not.equal(first.sessionId)
    const heard = model.requests.filter(({ prompt }) => prompt === 'Then this')
    expect(JSON.stringify(heard[0])).to.contain('First of all')
    const sessions = await client.session.list({ roots: true })
    expect(sessions.map(({ id }) => id)).to.deep.equal([second.sessionId])
    expect(sessions[0]?.permission ?? []).to.deep.equal([])
  })

  it('a rule that is added allows from the next turn on, in the same session', async () => {
    const before = await run('Still asked', { session: { permission: [] } })
    const after = await run('Not any more', { session: { permission: allow } })
    expect([before.asked, after.asked]).to.deep.equal([1, 0])
    expect(after.sessionId).to.equal(before.sessionId)
  })

  it('the title that the server gives is kept in the row', async () => {
    const row = (await rows.database.knex('conversations').first()) as Record<string, unknown>
    const [session] = await client.session.list({ roots: true })
    expect(session?.title).to.not.match(/^New session/)
    expect(row['opencode_title']).to.equal(session?.title)
  })

  it('an answer in the row reaches the agent', async () => {
    const store = rows.anotherStore()
    const { turn } = await run('Ask a person', {
      session: { permission: [] },
      timing: { leaseMs: 2_000 },
      asks: (ask) => {
        void answer(ask.id)
        return waitForPerson(ask)
      },
    })
    expect(turn?.asks.map(({ state, answeredBy }) => ({ state, answeredBy }))).to.deep.equal([
      { state: 'sent', answeredBy: 'ada' },
    ])

    async function answer(askId: string): Promise<void> {
      const turnId = 5
      const decision = { action: 'allow' } as const
      while (!(await store.answerAsk({ turnId, askId, decision, by: 'ada' })).accepted) {
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  })

  it('a removed conversation leaves nothing on the server', async () => {
    const upstream = sessionUpstream(client)
    expect(await rows.store.removeConversation(rows.conversationId, upstream)).to.include({
      isComplete: true,
    })
    expect(await client.session.list()).to.deep.equal([])
  })
})
