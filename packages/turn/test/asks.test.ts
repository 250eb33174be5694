import { type AnswerFault, ask, fault, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { type AskDecision, runTurn, waitForPerson } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

/** What the server answers while one pending ask cannot be put into its list. */
const refusal = {
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ name: 'BadRequest', data: { message: 'Expected number', kind: 'Body' } }),
}

describe('asks of a turn', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig(
      on('Hello', reply(tool.write({ filePath: 'a.txt', content: 'a' }), text('Done.'))),
    )
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const options = (more: Parameters<Rig['options']>[2]) =>
    rig.options(turnId, 'Hello', {
      session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
      ...more,
    })

  it('lets the policy allow one', async () => {
    const seen: string[] = []
    const result = await runTurn(
      options({
        asks: (one) => {
          seen.push(one.kind === 'permission' ? `permission ${one.permission}` : one.kind)
          return { action: 'allow' }
        },
      }),
    )
    expect(result.status).to.equal('completed')
    expect(seen).to.deep.equal(['permission edit'])
    expect(rig.impostor.readFile('a.txt')).to.equal('a')
  })

  it('rejects by default, which stops the turn', async () => {
    const result = await runTurn(options({}))
    expect(result).to.have.nested.property('error.code', 'ask_rejected')
    expect(rig.impostor.readFile('a.txt')).to.equal(null)
  })

  it('ends a turn whose answer the server does not take, and says what the server said', async () => {
    const path = 'POST /permission/*/reply'
    rig.impostor.fail(path, fault.serverError(), { times: 1_000 })
    const budgets = { askMs: 200, requestMs: 200, stopMs: 200 }
    const result = await runTurn(options({ asks: () => ({ action: 'allow' }), budgets }))
    expect(result).to.have.nested.property('error.code', 'ask_unanswerable')
    expect(result).to.have.nested.property('error.cause.code', 'server_error')
  })

  it('sends no answer again whose fate is not known, unless the lists of the server still show the ask', async () => {
    const path = 'POST /permission/*/reply'
    const answers = (): number =>
      rig.impostor.journal.filter(({ path: at }) => at.endsWith('/reply')).length
    rig.impostor.fail(path, fault.loseAnswer())
    const lostInSilence = runTurn(
      options({
        timing: { pollMs: 3_000 },
        asks: () => {
          rig.impostor.streams.silence()
          return { action: 'allow' }
        },
      }),
    )
    expect((await lostInSilence).status).to.equal('completed')
    expect(answers()).to.equal(1)
    rig.impostor.streams.resume()

    // Never done, so the list still has it.
    rig.impostor.fail(path, fault.refuse())
    rig.impostor.answer(
      on('Again', reply(tool.write({ filePath: 'b.txt', content: 'b' }), text('Done.'))),
    )
    const { session = {} } = options({})
    const nextId = await rig.rows.addMessage()
    const result = await runTurn(
      rig.options(nextId, 'Again', { session, asks: () => ({ action: 'allow' }) }),
    )
    expect(result.status).to.equal('completed')
    expect(rig.impostor.readFile('b.txt')).to.equal('b')
    expect(answers()).to.be.within(2, 3)
  })

  it('waits for a person who answers through another process', async () => {
    const running = runTurn(options({ asks: waitForPerson }))
    const asked = await rig.impostor.events.next((event) => event.type === 'permission.asked')
    const { id } = asked.properties as { id: string }
    await rig.client.permission.reply(id, { reply: 'once' })
    expect((await running).status).to.equal('completed')
    expect(rig.impostor.readFile('a.txt')).to.equal('a')
  })

  it('rejects what no one answers in time', async () => {
    const result = await runTurn(options({ asks: waitForPerson, budgets: { askMs: 50 } }))
    expect(result).to.have.nested.property('reply.text', 'Done.')
    expect(result.status).to.equal('completed')
    expect(await rig.client.permission.list()).to.deep.equal([])
    expect(rig.impostor.readFile('a.txt')).to.equal(null)
  })

  it('rejects a question that no one answers in time, which stops the turn', async () => {
    const question = ask.question({ question: 'Which?', options: ['A', 'B'] })
    rig.impostor.answer(on('Choose', reply(question, text('Ok.'))))
    const waiting = { asks: waitForPerson, budgets: { askMs: 50 } }
    const result = await runTurn(rig.options(turnId, 'Choose', waiting))
    expect(result).to.have.nested.property('error.code', 'ask_rejected')
  })

  it('counts a policy that throws as waiting', async () => {
    const result = await runTurn(
      options({
        asks: () => {
          throw new Error('policy bug')
        },
        budgets: { askMs: 50 },
      }),
    )
    expect(result.status).to.not.equal('skipped')
    expect(rig.reports.join()).to.include('asks: Error: policy bug')
  })

  for (const [name, decision] of [
    ['decides for another kind of ask', { action: 'answer', answers: [] }],
    ['forgets to return', undefined],
  ] as const) {
    it(`counts a policy that ${name} as waiting, and says so`, async () => {
      const result = await runTurn(
        options({ asks: () => decision as AskDecision, budgets: { askMs: 50 } }),
      )
      expect(result.status).to.not.equal('skipped')
      expect(rig.reports.join()).to.include('asks: TypeError')
    })
  }

  it('does not wait for a policy that never decides, neither to be stopped', async () => {
    const stop = new AbortController()
    const result = await runTurn(
      options({
        cancelSignal: stop.signal,
        asks: () => {
          stop.abort()
          return new Promise(() => undefined)
        },
      }),
    )
    expect(result.status).to.equal('cancelled')
    expect(await rig.client.permission.list()).to.deep.equal([])
  })

  it('nor for the time of the ask to run out', async () => {
    const result = await runTurn(
      options({ asks: () => new Promise(() => undefined), budgets: { askMs: 50 } }),
    )
    expect(result.status).to.be.oneOf(['completed', 'failed'])
    expect(await rig.client.permission.list()).to.deep.equal([])
  })

  for (const [name, broken] of [
    ['was refused', fault.refuse()],
    ['was lost', fault.loseAnswer()],
    ['met a proxy without a server', fault.unavailable()],
    ['met a wrong 404', fault.notFound()],
  ] as const) {
    it(`answers again when the answer ${name}`, async () => {
      rig.impostor.fail('POST /permission/*/reply', broken)
      const result = await runTurn(
        options({ asks: () => ({ action: 'allow' }), budgets: { askMs: 3_000 } }),
      )
      expect(result.status).to.equal('completed')
      expect(rig.impostor.readFile('a.txt')).to.equal('a')
    })
  }

  for (const [name, broken] of [
    ['the server cannot list its asks', fault.status(400, refusal)],
    ['a firewall does not let the list through', fault.status(400)],
  ] as const) {
    it(`goes on waiting for a person, and to the end, while ${name}`, () => waitThrough(broken))
  }

  async function waitThrough(broken: AnswerFault): Promise<void> {
    rig.impostor.fail('GET /permission', broken, { times: 1_000 })
    const running = runTurn(options({ asks: waitForPerson, budgets: { progressMs: 300 } }))
    const asked = await rig.impostor.events.next((event) => event.type === 'permission.asked')
    rig.impostor.streams.end()
    const { id } = asked.properties as { id: string }
    await rig.impostor.next('GET /permission')
    const since = performance.now()
    while (performance.now() < since + 600) await rig.impostor.next('GET /session/status')
    await rig.client.permission.reply(id, { reply: 'once' })
    expect((await running).status).to.equal('completed')
  }
})
