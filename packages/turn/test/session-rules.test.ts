import { fault, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createMemoryStore, runTurn, sessionUpstream, type TurnOptions } from '../src/index.js'
import { fingerprintOf, planRules, type Rule } from '../src/steps/session-rules.js'
import { openRig, type Rig } from './support/rig.js'

type Permission = NonNullable<NonNullable<TurnOptions['session']>['permission']>

const rule = (text: string): Rule => {
  const [permission = '', pattern = '', action = ''] = text.split(' ')
  return { permission, pattern, action }
}
const rules = (...texts: string[]): Rule[] => texts.map(rule)

const table: readonly (readonly [string, readonly Rule[], readonly Rule[], unknown])[] = [
  ['the same', rules('edit * allow'), rules('edit * allow'), 'none'],
  ['none, and none are wanted', [], [], 'none'],
  ['none', [], rules('edit * ask'), rules('edit * ask')],
  ['a beginning', rules('edit * ask'), rules('edit * ask', 'bash * deny'), rules('bash * deny')],
  ['another action', rules('edit * allow'), rules('edit * ask'), rules('edit * ask')],
  ['a narrower one', rules('edit a allow'), rules('edit * ask'), rules('edit * ask')],
  ['anything, before a rule for all', rules('x y allow'), rules('* * ask'), rules('* * ask')],
  ['a rule that is gone', rules('edit * allow'), [], 'replace'],
  ['a rule that another does not cover', rules('edit * allow'), rules('edit a ask'), 'replace'],
  ['one of two', rules('edit * ask', 'bash * allow'), rules('edit * ask'), 'replace'],
  ['what was appended before', rules('edit * allow', 'edit * ask'), rules('edit * ask'), 'none'],
]

describe('planRules', () => {
  for (const [what, has, wanted, expected] of table) {
    const does = typeof expected === 'string' ? expected : 'append'
    it(`of a session that has ${what}: ${does}`, () => {
      const plan = planRules(has, wanted)
      expect(plan.type).to.equal(does)
      if (plan.type === 'append') expect(plan.rules).to.deep.equal(expected)
    })
  }

  it('brings a session to decide everything as the wanted rules alone do', () => {
    const one = fc.record({
      permission: fc.constantFrom('*', 'edit', 'bash'),
      pattern: fc.constantFrom('*', 'a', 'b'),
      action: fc.constantFrom('allow', 'ask', 'deny'),
    })
    const some = fc.array(one, { maxLength: 4 })
    const decide = (list: readonly Rule[], permission: string, pattern: string): string =>
      list.findLast(
        (each) =>
          (each.permission === '*' || each.permission === permission) &&
          (each.pattern === '*' || each.pattern === pattern),
      )?.action ?? 'the agent'
    fc.assert(
      fc.property(some, some, (has, wanted) => {
        const plan = planRules(has, wanted)
        if (plan.type === 'replace') return
        const then = plan.type === 'append' ? [...has, ...plan.rules] : has
        for (const permission of ['edit', 'bash', 'read']) {
          for (const pattern of ['a', 'b', 'c']) {
            expect(decide(then, permission, pattern)).to.equal(decide(wanted, permission, pattern))
          }
        }
        expect(planRules(then, wanted).type, 'once is enough').to.equal('none')
      }),
      { numRuns: 2_000 },
    )
  })

  it('knows rules by their order and their three words', () => {
    const print = fingerprintOf(rules('a b allow', 'c d ask'))
    expect(print).to.match(/^[0-9a-f]{64}$/)
    expect(fingerprintOf(rules('c d ask', 'a b allow'))).to.not.equal(print)
    expect(fingerprintOf([])).to.not.equal(null)
    expect(fingerprintOf(undefined)).to.equal(null)
  })
})

describe('the session of a conversation', () => {
  let rig: Rig
  let turns: number

  beforeEach(async () => {
    rig = await openRig([
      ...['One', 'Two', 'Three'].map((prompt, n) =>
        on(prompt, reply(tool.write({ filePath: `${n}.txt`, content: 'a' }), text('Done.'))),
      ),
    ])
    turns = 0
  })
  afterEach(() => rig.close())

  const run = async (
    prompt: string,
    session: TurnOptions['session'] = {},
    more: Partial<TurnOptions> = {},
  ) => {
    const asked: string[] = []
    const turnId = await rig.rows.addMessage()
    turns += 1
    const result = await runTurn(
      rig.options(turnId, prompt, {
        session,
        asks: (ask) => {
          asked.push(ask.id)
          return { action: 'allow' }
        },
        ...more,
      }),
    )
    expect(result.status).to.equal('completed')
    const record = await rig.rows.store.read(turnId)
    return { asked: asked.length, sessionId: record?.prompt?.sessionId ?? '', result }
  }
  const edit = (action: 'allow' | 'ask'): Permission => [
    { permission: 'edit', pattern: '*', action },
  ]
  const row = async (): Promise<Record<string, unknown>> =>
    (await rig.rows.database.knex('conversations').first()) as never

  it('gets rules that cover its old ones by a change, once', async () => {
    const first = await run('One', { permission: edit('allow') })
    expect((await row())['opencode_rules']).to.equal(fingerprintOf(edit('allow')))
    const second = await run('Two', { permission: edit('ask') })
    expect([first.asked, second.asked]).to.deep.equal([0, 1])
    expect(second.sessionId).to.equal(first.sessionId)
    await run('Three', { permission: edit('ask') })
    const changes = rig.impostor.journal.filter(({ method }) => method === 'PATCH')
    expect(changes).to.have.length(1)
  })

  it('is replaced by a copy of itself where a rule was taken away', async () => {
    const ask: Permission = [{ permission: 'edit', pattern: '*1.txt', action: 'ask' }]
    const first = await run('One', { permission: edit('allow') })
    const second = await run('Two', { permission: ask })
    expect([first.asked, second.asked]).to.deep.equal([0, 1])
    expect(second.sessionId).to.not.equal(first.sessionId)
    expect(second.result).to.include({ sessionRecreated: false })
    const sessions = await rig.client.session.list()
    expect(sessions.map(({ id }) => id)).to.deep.equal([second.sessionId])
    const messages = await rig.client.session.messages(second.sessionId)
    expect(messages.filter(({ info }) => info.role === 'user')).to.have.length(2)
    expect(await row()).to.include({
      opencode_session_id: second.sessionId,
      opencode_rules: fingerprintOf(ask),
    })
    expect((await run('Three', { permission: ask })).sessionId).to.equal(second.sessionId)
  })

  it('forgets, and says so, where the server cannot copy it', async () => {
    await run('One', { permission: edit('allow') })
    rig.impostor.fail('POST /session/*/fork', fault.serverError(), { times: 10 })
    const second = await run('Two', { permission: [] })
    expect(second.result).to.include({ sessionRecreated: true })
  })

  it('leaves no copy behind that it could not name', async () => {
    await run('One', { permission: edit('allow') })
    rig.impostor.fail('PATCH /session/*', fault.serverError(), { times: 10 })
    const second = await run('Two', { permission: [] })
    const sessions = await rig.client.session.list()
    // The one that forgot, and the old one, which is not deleted then.
    expect(sessions.map(({ id }) => id))
      .to.include(second.sessionId)
      .and.have.length(2)
  })

  it('keeps what it has in a store that keeps no rules', async () => {
    const { noteSession: _, ...store } = rig.rows.store
    await run('One', { permission: edit('allow') }, { store })
    const second = await run('Two', { permission: edit('ask') }, { store })
    expect(second.asked).to.equal(0)
  })

  it('gets changed rules from a memory store, too', async () => {
    const store = createMemoryStore()
    for (const [turnId, prompt, action] of [
      [1, 'One', 'allow'],
      [2, 'Two', 'ask'],
    ] as const) {
      store.addTurn({ conversationId: 1, turnId })
      let asked = 0
      await runTurn(
        rig.options(turnId, prompt, {
          store,
          session: { permission: edit(action) },
          asks: () => {
            asked += 1
            return { action: 'allow' }
          },
        }),
      )
      expect(asked).to.equal(action === 'ask' ? 1 : 0)
    }
  })

  it('is made with what the host gives, our key beside its metadata', async () => {
    const parent = await rig.client.session.create()
    const { sessionId } = await run('One', {
      title: 'Mine',
      parentID: parent.id,
      metadata: { tenant: 'acme' },
      agent: 'build',
    })
    const session = await rig.client.session.get(sessionId)
    expect(session).to.include({ title: 'Mine', parentID: parent.id })
    expect(session.metadata).to.include({ tenant: 'acme' }).and.to.have.property('turnstead')
    const [sent] = rig.impostor.journal.filter(({ path }) => path.endsWith('/prompt_async'))
    expect(sent?.body).to.include({ agent: 'build' })
    expect((await row())['opencode_title'], 'a title of our own').to.equal(null)
  })

  it('gives the row the title that the server made', async () => {
    const { sessionId } = await run('One')
    const { title } = await rig.client.session.get(sessionId)
    expect((await row())['opencode_title']).to.equal(title.startsWith('New session') ? null : title)
    await rig.client.session.update(sessionId, { title: 'Named since' })
    await run('Two')
    expect((await row())['opencode_title']).to.equal('Named since')
  })

  it('is removed with all that it has, and listed for a sweep', async () => {
    const { sessionId } = await run('One')
    const upstream = sessionUpstream(rig.client)
    const { sessions, isComplete } = await upstream.list()
    expect(isComplete).to.equal(true)
    expect(sessions.map(({ id, key }) => [id, typeof key])).to.deep.equal([[sessionId, 'string']])
    const { store, conversationId } = rig.rows
    expect(await store.sweep({ upstream, sessionsAfter: null })).to.deep.include({
      orphanSessions: [],
      lostSessions: [],
    })
    const removed = await store.removeConversation(conversationId, upstream)
    expect(removed?.deletedSessions).to.deep.equal([sessionId])
    expect(await rig.client.session.list()).to.deep.equal([])
  })
})
