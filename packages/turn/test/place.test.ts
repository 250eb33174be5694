import { createHistoryStore, historyMigration } from '@turnstead/session/history'
import { serversMigration } from '@turnstead/session'
import { gate, type Impostor, on, reply, startImpostor, text, tool } from '@turnstead/testkit'
import { type Client, createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { setTimeout } from 'node:timers/promises'
import {
  createMemoryStore,
  drainServer,
  type HistoryStore,
  type NamedServer,
  runTurn,
  type TurnOptions,
  type TurnResult,
  upstreamOfAll,
  waitForPerson,
} from '../src/index.js'
import { quickly } from './support/history.js'
import { openRig, type Rig } from './support/rig.js'

const scenario = [
  on('Hold', reply(text('Before. '), gate('held'), text('After.'))),
  on(
    'Write',
    reply(text('I write. '), tool.write({ filePath: 'a.txt', content: 'a' }), text('Written.')),
  ),
  on(/.*/, reply(text('Done.'))),
]

describe('a turn on one of several servers', () => {
  let rig: Rig
  let other: Impostor
  let there: Client
  let servers: readonly NamedServer[]
  let history: HistoryStore

  beforeEach(async () => {
    rig = await openRig(scenario)
    other = await startImpostor(scenario)
    there = createClient({ baseUrl: other.url })
    servers = [
      { name: 'a', client: rig.client },
      { name: 'b', client: there },
    ]
    const { knex } = rig.rows.database
    await historyMigration().up(knex)
    await serversMigration().up(knex)
    history = createHistoryStore({ knex })
  })
  afterEach(async () => {
    await there.close()
    await other.close()
    await rig.close()
  })

  const begin = async (
    words: string,
    more: Partial<TurnOptions> = {},
  ): Promise<{ readonly turnId: number; readonly running: Promise<TurnResult> }> => {
    const turnId = await rig.rows.addMessage()
    const options = rig.options(turnId, words, {
      client: servers,
      history,
      clock: quickly,
      ...more,
    })
    return { turnId, running: runTurn(options) }
  }
  const ask = async (words: string, more: Partial<TurnOptions> = {}): Promise<TurnResult> => {
    const { running } = await begin(words, more)
    return await running
  }
  /** What became of a turn, and the names of the servers that have its session. */
  const fateOf = (result: TurnResult): string =>
    result.status === 'skipped' ? result.reason : `${result.status} ${result.session}`
  const places = async (): Promise<string> => {
    const names: string[] = []
    for (const { name, client } of servers) {
      const sessions = await (client as Client).session.list()
      if (sessions.length > 0) names.push(name)
    }
    return names.join()
  }
  const home = (): Promise<string | null> =>
    rig.rows.store.serverOf?.(rig.rows.conversationId) ?? Promise.resolve(null)
  const mark = async (name: string, state: 'active' | 'draining' | 'retired'): Promise<void> =>
    await rig.rows.store.markServer?.({ name, state })
  const drain = (server: string): Promise<void> =>
    drainServer({ store: rig.rows.store as never, server, pollMs: 10 })
  const elsewhere = (): string => servers.find(({ name }) => name !== at)?.name ?? ''
  let at = ''

  it('stays on the server that its conversation has got, and moves when that is drained', async () => {
    expect(fateOf(await ask('One'))).to.equal('completed new')
    at = (await home()) ?? ''
    expect(await places()).to.equal(at)
    expect(fateOf(await ask('Two'))).to.equal('completed same')
    expect(await places()).to.equal(at)
    await drain(at)
    expect(fateOf(await ask('Three'))).to.equal('completed restored')
    expect(await home()).to.equal(elsewhere())
    // And back, to a server that has an older state of it.
    await mark(at, 'active')
    await drain(elsewhere())
    expect(fateOf(await ask('Four'))).to.equal('completed restored')
    expect(await home()).to.equal(at)
    const back = servers.find(({ name }) => name === at)?.client as Client
    const [session] = await back.session.list()
    expect(await back.session.messages(session?.id ?? '')).to.have.length(8)
  })

  it('ends on a server that is being drained, which is empty no sooner', async () => {
    await ask('One')
    at = (await home()) ?? ''
    const { running } = await begin('Hold')
    const impostor = at === 'a' ? rig.impostor : other
    await impostor.gate('held').reached()
    let isEmpty = false
    const draining = drain(at).then(() => (isEmpty = true))
    await setTimeout(100)
    expect(isEmpty).to.equal(false)
    impostor.gate('held').open()
    expect(fateOf(await running)).to.equal('completed same')
    await draining
    expect(await home()).to.equal(at)
    expect(fateOf(await ask('Two'))).to.equal('completed restored')
    expect(await home()).to.equal(elsewhere())
  })

  it('waits for its server where nothing is kept of it: another one would know nothing', async () => {
    const none = { history: undefined } as unknown as Partial<TurnOptions>
    await ask('One', none)
    at = (await home()) ?? ''
    await mark(at, 'draining')
    const left = await ask('Two', none)
    expect(left).to.include({ reason: 'elsewhere', server: at, mustRunAgain: true })
    await mark(at, 'active')
    expect(fateOf(await ask('Two', none))).to.equal('completed same')
    expect(await places()).to.equal(at)
    await mark(at, 'retired')
    expect(fateOf(await ask('Two', none))).to.equal('failed lost')
  })

  it('is run again elsewhere when its server is given up under it', async () => {
    await ask('One')
    at = (await home()) ?? ''
    const leaving = new AbortController()
    const { turnId, running } = await begin('Hold', { signal: leaving.signal })
    const impostor = at === 'a' ? rig.impostor : other
    await impostor.gate('held').reached()
    leaving.abort()
    expect(fateOf(await running)).to.equal('handed_off')
    await mark(at, 'draining')
    const options = rig.options(turnId, 'Hold', { client: servers, history, clock: quickly })
    const reached = servers.filter(({ name }) => name !== at)
    const skipped = await runTurn({ ...options, client: reached })
    expect(skipped).to.include({ reason: 'elsewhere', server: at, mustRunAgain: true })
    await mark(at, 'retired')
    const second = runTurn({ ...options, client: reached })
    const next = at === 'a' ? other : rig.impostor
    await next.gate('held').reached()
    next.gate('held').open()
    expect(fateOf(await second)).to.equal('completed restored')
    expect((await rig.rows.row(turnId))['text']).to.match(/^Before\. .*After\.$/s)
  })

  it('holds up no drain while it waits for a person, and goes on elsewhere when its server is given up', async () => {
    await ask('One')
    at = (await home()) ?? ''
    const asking: Partial<TurnOptions> = {
      session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
      asks: waitForPerson,
      timing: { parkAfterMs: 60 },
    }
    const { turnId, running } = await begin('Write', asking)
    expect(fateOf(await running)).to.equal('waiting')
    const next = await rig.rows.addMessage()
    const line = { conversationId: 1, turnId: next, input: { text: 'Two' } }
    await rig.rows.store.enqueue(line)
    await drain(at)
    const [open] = (await rig.rows.store.read(turnId))?.asks ?? []
    const decision = { action: 'allow' } as const
    await rig.rows.store.answerAsk({ turnId, askId: open?.id ?? '', decision })

    const client = servers.filter(({ name }) => name !== at)
    const options = rig.options(turnId, 'Write', { history, clock: quickly, ...asking, client })
    // Also by the job of the one behind it.
    for (const id of [next, turnId]) {
      const left = await runTurn({ ...options, turnId: id })
      expect(left).to.include({ turnId: id, reason: 'elsewhere', server: at, mustRunAgain: true })
    }
    await mark(at, 'retired')
    const result = await runTurn(options)
    expect(fateOf(result)).to.equal('completed restored')
    expect(result).to.include({ next })
    const [there, here] = at === 'a' ? [rig.impostor, other] : [other, rig.impostor]
    expect([there.readFile('a.txt'), here.readFile('a.txt')]).to.deep.equal([null, 'a'])
    expect((await rig.rows.store.read(turnId))?.asks?.map(({ state }) => state)).to.deep.equal([
      'closed',
      'sent',
    ])
    expect(fateOf(await runTurn({ ...options, turnId: next }))).to.equal('completed same')
    expect(await rig.rows.row(next)).to.include({ status: 'completed', text: 'Done.' })
  })

  it('is left to a process that reaches its server, unless the host wants it moved', async () => {
    await ask('One')
    at = (await home()) ?? ''
    const reached = servers.filter(({ name }) => name !== at)
    const turnId = await rig.rows.addMessage()
    const options = rig.options(turnId, 'Two', { client: reached, history, clock: quickly })
    const left = await runTurn(options)
    expect(left).to.include({ status: 'skipped', reason: 'elsewhere', server: at })
    // The conversation is free at once for the process that can.
    expect(fateOf(await runTurn({ ...options, client: servers }))).to.equal('completed same')
    const moved = await ask('Three', { client: reached, recovery: { onElsewhere: 'move' } })
    expect(fateOf(moved)).to.equal('completed restored')
    expect(await home()).to.equal(elsewhere())
  })

  it('begins nothing on the last server once that is drained, until it is given back', async () => {
    await ask('One')
    at = (await home()) ?? ''
    await mark(elsewhere(), 'draining')
    await drain(at)
    const { turnId, running } = await begin('Two')
    expect(await running).to.include({ reason: 'elsewhere', server: at, mustRunAgain: true })
    expect((await rig.rows.store.read(turnId))?.status).to.equal('pending')
    await mark(at, 'active')
    const options = rig.options(turnId, 'Two', { client: servers, history, clock: quickly })
    expect(fateOf(await runTurn(options))).to.equal('completed same')
  })

  it('is not drained under a name that no row knows, with the names that are', async () => {
    await ask('One')
    at = (await home()) ?? ''
    await mark('c', 'draining')
    const { store } = rig.rows
    const options = { store: store as never, server: 'bb', pollMs: 10 }
    await drainServer(options).then(
      () => expect.fail('it was drained'),
      (error: unknown) => {
        expect(error).to.be.instanceOf(RangeError)
        expect(String(error)).to.include(`named "bb"`).and.include(`known are ${at}, c`)
      },
    )
    expect(await store.markedServers?.()).to.deep.equal([{ name: 'c', state: 'draining' }])
    await drain('c')
  })

  it('is given back as if it had not been begun, so that its line and a drain go on', async () => {
    await ask('One')
    at = (await home()) ?? ''
    const reached = servers.filter(({ name }) => name !== at)
    const { store, conversationId } = rig.rows
    const line = [await rig.rows.addMessage(), await rig.rows.addMessage()] as const
    for (const turnId of line) {
      await store.enqueue({ conversationId, turnId, input: { text: `Turn ${turnId}` } })
    }
    const [first, second] = line
    const options = { client: reached, history, clock: quickly }
    for (const turnId of [second, first, second]) {
      const left = await runTurn(rig.options(turnId, 'Two', options))
      expect(left).to.include({ reason: 'elsewhere', server: at, mustRunAgain: true })
      const statuses = await Promise.all(line.map(async (id) => (await store.read(id))?.status))
      expect(statuses).to.deep.equal(['pending', 'pending'])
    }
    await drain(at)
    await mark(at, 'active')
    const moving = { ...options, recovery: { onElsewhere: 'move' } } as const
    expect(fateOf(await runTurn(rig.options(second, 'Two', moving)))).to.equal('completed same')
    expect((await rig.rows.row(first))['status']).to.equal('completed')
    expect(await home()).to.equal(elsewhere())
  })

  it('gives back what a crash left unasked, and moves both', async () => {
    await ask('One')
    at = (await home()) ?? ''
    const reached = servers.filter(({ name }) => name !== at)
    const { store, conversationId } = rig.rows
    const [crashed, later] = [await rig.rows.addMessage(), await rig.rows.addMessage()]
    const claim = { conversationId, turnId: crashed, owner: 'gone', leaseMs: 30_000 }
    const begun = await store.claim({ ...claim, input: { text: 'Two' } })
    if (!begun.claimed) throw new Error('it was free')
    await store.release(begun.lease)
    await drain(at)
    await mark(at, 'active')
    const options = { client: reached, history, clock: quickly }
    const left = await runTurn(rig.options(later, 'Three', options))
    expect(left).to.include({ reason: 'elsewhere', server: at })
    expect(await store.withdraw(later)).to.equal('withdrawn')
    expect((await store.read(crashed))?.status).to.equal('pending')
    const moving = { ...options, recovery: { onElsewhere: 'move' } } as const
    const moved = await runTurn(rig.options(crashed, 'Two', moving))
    expect(fateOf(moved)).to.equal('completed restored')
  })

  it('is cancelled by its user also where this process does not reach its server', async () => {
    await ask('One')
    at = (await home()) ?? ''
    const reached = servers.filter(({ name }) => name !== at)
    const { turnId, running } = await begin('Two', {
      client: reached,
      cancelSignal: AbortSignal.abort(),
    })
    expect(fateOf(await running)).to.equal('elsewhere')
    const { status, closedAt } = (await rig.rows.store.read(turnId)) ?? {}
    expect({ status, isClosed: closedAt !== null }).to.deep.equal({
      status: 'cancelled',
      isClosed: true,
    })
  })

  it('does not begin while no server takes any', async () => {
    for (const { name } of servers) await mark(name, 'draining')
    const turnId = await rig.rows.addMessage()
    const options = rig.options(turnId, 'One', { client: servers, history, clock: quickly })
    const result = await runTurn(options)
    expect(result).to.include({ reason: 'elsewhere', server: null, mustRunAgain: true })
    expect(await places()).to.equal('')
    await mark('b', 'active')
    expect(fateOf(await runTurn(options))).to.equal('completed new')
    expect(await places()).to.equal('b')
  })

  it('leaves nothing on any server when its conversation is removed', async () => {
    await ask('One')
    await drain((await home()) ?? '')
    await ask('Two')
    expect(await places()).to.equal('a,b')
    const { store, conversationId } = rig.rows
    await store.removeConversation(conversationId, upstreamOfAll(servers))
    expect(await places()).to.equal('')
    expect(await home()).to.equal(null)
  })

  it('spreads conversations, and refuses servers that rows could not tell apart', async () => {
    const store = createMemoryStore()
    const results = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const ids = { conversationId: `c${index}`, turnId: `t${index}` }
        store.addTurn(ids)
        return await runTurn({ ...rig.options(0, 'One'), ...ids, client: servers, store })
      }),
    )
    expect(results.map(fateOf)).to.deep.equal(Array.from({ length: 12 }, () => 'completed new'))
    for (const { client } of servers) {
      expect((await (client as Client).session.list()).length).to.be.within(3, 9)
    }
    const wrong = [[], [{ name: '', client: there }], [...servers, { name: 'a', client: there }]]
    for (const client of wrong) {
      const turnId = await rig.rows.addMessage()
      await runTurn(rig.options(turnId, 'One', { client })).then(
        () => expect.fail('it was taken'),
        (error: unknown) => expect(error).to.be.instanceOf(TypeError),
      )
    }
  })
})
