import { uiMessageStream } from '@turnstead/reply/ui-message-stream'
import type { ReplyView } from '@turnstead/reply'
import { foldChange } from '@turnstead/reply/changes'
import { gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnOptions } from '../src/index.js'
import { type FollowedTurn, followTurn, type FollowOptions } from '../src/live.js'
import { dyingPorts } from './support/dying-ports.js'
import { openRig, type Rig } from './support/rig.js'
import { createTestNotifier, type TestNotifier } from './support/test-notifier.js'

const story = reply(
  text('Once upon a time there was a small machine. '),
  gate('middle'),
  tool.bash({ command: 'echo hello', description: 'Says hello' }),
  text('And it said “hello”, with an emoji: 🙂. '),
  gate('late'),
  text('The end.'),
)
const whole =
  'Once upon a time there was a small machine. And it said “hello”, with an emoji: 🙂. The end.'

/** All that a follower was told, folded, beside what it shows. */
function fold(turn: FollowedTurn): () => ReplyView {
  let told = turn.view()
  turn.observe({
    changed(change) {
      expect(change.revision).to.equal(told.revision + 1)
      told = foldChange(told, change)
    },
  })
  return () => told
}

const textOf = (view: ReplyView): string =>
  view.parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('')

/** Resolves as soon as the follower shows this. */
function shows(turn: FollowedTurn, words: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (textOf(turn.view()).includes(words)) resolve()
    }
    turn.observe({ changed: look })
    look()
  })
}

describe('followTurn', () => {
  let rig: Rig
  let turnId: number
  let notifier: TestNotifier
  const problems: unknown[] = []
  const following: FollowedTurn[] = []

  beforeEach(async () => {
    rig = await openRig(on('Hello', story))
    turnId = await rig.rows.addMessage()
    notifier = createTestNotifier()
    problems.length = 0
  })
  afterEach(async () => {
    for (const turn of following.splice(0)) turn.close()
    await rig.close()
    expect(problems).to.deep.equal([])
  })

  const run = (more: Partial<TurnOptions> = {}): Promise<unknown> =>
    runTurn(rig.options(turnId, 'Hello', { notifier, ...more }))

  /** As another process does, with a store of its own. */
  async function follow(more: Partial<FollowOptions> = {}): Promise<FollowedTurn> {
    const turn = await followTurn({
      store: rig.rows.anotherStore(),
      turnId,
      notifier,
      pollMs: 100,
      onError: (error) => problems.push(error),
      ...more,
    })
    if (turn === null) throw new Error('the turn must be there')
    following.push(turn)
    return turn
  }

  async function openGates(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await rig.impostor.gate(name).reached()
      rig.impostor.gate(name).open()
    }
  }

  it('shows a turn of another process from before its worker to its end, as it grows', async () => {
    const turn = await follow()
    const told = fold(turn)
    expect(turn.standing).to.deep.equal({ state: 'pending', where: null })
    const standings: string[] = []
    turn.onStanding(({ state, where }) => standings.push(`${state} ${where}`))
    const running = run({ timing: { snapshotMs: 60_000 } })
    await shows(turn, 'small machine. ')
    await openGates('middle')
    await shows(turn, '🙂. ')
    await openGates('late')
    expect((await turn.ended).status).to.equal('completed')
    await running
    expect(standings).to.deep.equal(['running elsewhere', 'completed null'])
    expect(textOf(turn.view())).to.equal(whole)
    expect(told()).to.deep.equal(turn.view())
    expect(turn.outcome()).to.include({ state: 'completed', finish: 'stop' })
    expect(turn.name).to.equal(`turn-${turnId}`)
  })

  it('shows the same when it comes in the middle, in small pieces, and by the rows alone', async () => {
    notifier = createTestNotifier({ maxPayloadBytes: 200 })
    const running = run()
    await rig.impostor.gate('middle').reached()
    const late = await follow()
    await shows(late, 'small machine. ')
    const byRows = await follow({ store: rig.rows.anotherStore(), pollMs: 20, notifier: undefined })
    await openGates('middle', 'late')
    await Promise.all([running, late.ended, byRows.ended])
    for (const turn of [late, byRows]) {
      expect(textOf(turn.view())).to.equal(whole)
      expect(turn.outcome().state).to.equal('completed')
    }
  })

  it('shows all of it though messages are lost, whichever', async () => {
    for (const nth of [2, 3, 5]) {
      const [a, b] = [`a${nth}`, `b${nth}`]
      const words = reply(text('One. '), gate(a), text('Two. '), gate(b))
      rig.impostor.answer(on(`Lossy ${nth}`, words))
      notifier = createTestNotifier({ isLost: (count) => count % nth === 0 })
      turnId = await rig.rows.addMessage()
      const running = runTurn(rig.options(turnId, `Lossy ${nth}`, { notifier }))
      const turn = await follow({ pollMs: 50 })
      const told = fold(turn)
      await openGates(a, b)
      await Promise.all([running, turn.ended])
      expect(textOf(turn.view()), `every ${nth}th is lost`).to.equal('One. Two. ')
      expect(told()).to.deep.equal(turn.view())
    }
  })

  it('follows a worker of its own process without rows and without a notifier', async () => {
    let reads = 0
    const store = {
      ...rig.rows.store,
      read: (id: FollowOptions['turnId']) => {
        reads += 1
        return rig.rows.store.read(id)
      },
    }
    const turn = await follow({ store, notifier: undefined })
    const standings: string[] = []
    turn.onStanding(({ state, where }) => standings.push(`${state} ${where}`))
    const running = runTurn(rig.options(turnId, 'Hello', { store }))
    await shows(turn, 'small machine. ')
    expect(reads).to.equal(1)
    await openGates('middle', 'late')
    await Promise.all([running, turn.ended])
    expect(standings[0]).to.equal('running here')
    expect(textOf(turn.view())).to.equal(whole)
  })

  it('goes on with the next worker, and takes back no text', async () => {
    const turn = await follow()
    const leave = new AbortController()
    let longest = 0
    turn.observe({
      changed() {
        const { length } = textOf(turn.view())
        expect(length).to.be.at.least(longest)
        longest = length
      },
    })
    const first = run({ signal: leave.signal })
    await shows(turn, 'small machine. ')
    leave.abort()
    expect(await first).to.include({ reason: 'handed_off' })
    const second = run({ owner: 'worker-2' })
    await openGates('middle', 'late')
    await Promise.all([second, turn.ended])
    expect(textOf(turn.view())).to.equal(whole)
  })

  it('keeps what was shown when a worker dies and the next one goes on from less', async () => {
    const turn = await follow()
    const shown: string[] = []
    turn.observe({ changed: () => shown.push(textOf(turn.view())) })
    const client = rig.connect()
    const ports = dyingPorts(
      { client, store: rig.rows.store },
      { after: 'client.prompt.send', losesLast: false },
    )
    const { client: dying, store } = ports
    void run({ client: dying, store, timing: { snapshotMs: 60_000 } }).catch(() => undefined)
    await shows(turn, 'small machine. ')
    const next = run({ onBusy: 'wait', store: rig.rows.anotherStore(), owner: 'worker-2' })
    await openGates('middle', 'late')
    expect((await turn.ended).status).to.equal('completed')
    await next
    await client.close()
    expect(textOf(turn.view())).to.equal(whole)
    for (const [index, words] of shown.entries()) {
      expect(words.startsWith(shown[index - 1] ?? ''), words).to.equal(true)
    }
  })

  it('says that a turn is being stopped, and ends with what there was', async () => {
    const turn = await follow()
    const states: string[] = []
    turn.onStanding(({ state }) => states.push(state))
    const running = run()
    await shows(turn, 'small machine. ')
    await rig.rows.store.cancel({ turnId })
    notifier.notify(`turn:${turnId}`, 'cancelled').catch(() => undefined)
    await running
    notifier.notify(`turn:${turnId}`, 'changed').catch(() => undefined)
    expect((await turn.ended).status).to.equal('cancelled')
    expect(states).to.deep.equal(['running', 'stopping', 'cancelled'])
    expect(textOf(turn.view())).to.match(/^Once upon a time/)
    expect(turn.outcome()).to.include({ state: 'failed', reason: 'aborted' })
  })

  it('says that a turn waits for another one', async () => {
    const next = await rig.rows.addMessage()
    const running = run()
    await rig.impostor.gate('middle').reached()
    const store = rig.rows.anotherStore()
    const turn = await follow({ store, turnId: next, pollMs: 10 })
    await new Promise<void>((resolve) => {
      turn.onStanding(({ state }) => {
        if (state === 'waiting') resolve()
      })
    })
    await openGates('middle', 'late')
    await running
  })

  it('costs one read, one look and one subscription for a thousand followers', async () => {
    let reads = 0
    let looks = 0
    const another = rig.rows.anotherStore()
    const store = {
      read: (id: FollowOptions['turnId']) => {
        reads += 1
        return another.read(id)
      },
      peek: (ids: readonly FollowOptions['turnId'][]) => {
        looks += ids.length
        return another.peek(ids)
      },
    }
    const running = run()
    await rig.impostor.gate('middle').reached()
    const turns: FollowedTurn[] = []
    for (let count = 0; count < 1000; count += 1) turns.push(await follow({ store, pollMs: 20 }))
    await Promise.all(turns.map((turn) => shows(turn, 'small machine. ')))
    // And a few for what came before its worker was heard.
    expect(reads).to.be.below(10)
    expect(notifier.topics().filter((topic) => topic.endsWith(':live'))).to.have.length(1)
    const before = looks
    await new Promise<void>((resolve) => setTimeout(resolve, 50))
    expect(looks - before).to.be.at.most(4)
    await openGates('middle', 'late')
    await Promise.all([running, ...turns.map(({ ended }) => ended)])
    expect(new Set(turns.map((turn) => textOf(turn.view())))).to.deep.equal(new Set([whole]))
    expect(notifier.topics()).to.deep.equal([])
  })

  it('streams to the AI SDK in one process, and goes on in another in mid-word', async () => {
    const running = run()
    const first = await follow()
    await shows(first, 'small machine. ')
    const chunks: { type: string; delta?: string; messageId?: string }[] = []
    for await (const chunk of uiMessageStream(first, { ended: first.ended })) {
      chunks.push(chunk as never)
      if (chunk.type === 'text-delta') break
    }
    first.close()
    const second = await follow()
    const again = uiMessageStream(second, { ended: second.ended })
    await openGates('middle', 'late')
    let said = ''
    for await (const chunk of again) {
      if (chunk.type === 'text-delta') said += chunk.delta
      if (chunk.type === 'start') {
        expect(chunk.messageId).to.equal(`turn-${turnId}:reply`)
        expect(chunks[0]).to.include({ type: 'start', messageId: chunk.messageId })
      }
    }
    await running
    expect(said).to.equal(whole)
  })

  it('gives a turn that is over from its row alone, and null for one that is not there', async () => {
    rig.impostor.gate('middle').open()
    rig.impostor.gate('late').open()
    await run()
    const turn = await follow()
    expect(turn.standing.state).to.equal('completed')
    expect(textOf(turn.view())).to.equal(whole)
    expect((await turn.ended).text).to.match(/\n\n/)
    expect(notifier.topics()).to.deep.equal([])
    expect(await followTurn({ store: rig.rows.store, turnId: 12_345 })).to.equal(null)
  })

  it('frees what it holds when the last follower leaves, by close or by the signal', async () => {
    const leave = new AbortController()
    const store = rig.rows.anotherStore()
    const one = await follow({ store })
    const two = await follow({ store, signal: leave.signal })
    const seen: unknown[] = []
    two.observe({ changed: (change) => seen.push(change) })
    one.close()
    one.close()
    leave.abort()
    await new Promise<void>((resolve) => setImmediate(resolve))
    expect(notifier.topics()).to.deep.equal([])
    rig.impostor.gate('middle').open()
    rig.impostor.gate('late').open()
    await run()
    expect(seen).to.deep.equal([])
    const aborted = await followTurn({ store, turnId, signal: leave.signal }).catch(
      (error: unknown) => error,
    )
    expect(aborted).to.equal(leave.signal.reason)
  })

  it('ends when the host deletes the row, with a notifier and without', async () => {
    const turns = [await follow({ pollMs: 5 }), await follow({ pollMs: 5, notifier: undefined })]
    await rig.rows.database.knex('messages').where({ id: turnId }).delete()
    for (const turn of turns) {
      expect(await turn.ended).to.include({ status: 'cancelled', reason: 'removed' })
      expect(turn.standing.state).to.equal('cancelled')
      expect(turn.outcome()).to.include({ state: 'failed', reason: 'aborted' })
    }
    expect(notifier.topics()).to.deep.equal([])
  })

  it('is not ended by a look that misses the row', async () => {
    const another = rig.rows.anotherStore()
    let looks = 0
    let found: () => void = () => undefined
    const isFound = new Promise<void>((resolve) => (found = resolve))
    const store = {
      read: (id: FollowOptions['turnId']) =>
        looks % 3 === 0 ? another.read(id) : Promise.resolve(null),
      async peek(ids: readonly FollowOptions['turnId'][]) {
        looks += 1
        if (looks === 9) found()
        return looks % 3 === 0 ? await another.peek(ids) : ids.map(() => null)
      },
    }
    const turn = await follow({ store, pollMs: 2, notifier: undefined })
    await isFound
    expect(turn.standing.state).to.equal('pending')
  })

  it('gives each who follows a turn what it asked for, and tells each what fails', async () => {
    const store = { ...rig.rows.anotherStore(), peek: () => Promise.reject(new Error('away')) }
    const told = new Set<string>()
    let isTold: () => void = () => undefined
    const all = new Promise<void>((resolve) => (isTold = resolve))
    const onError = (name: string) => (): void => {
      if (told.add(name).size === 2) isTold()
    }
    await follow({ store, pollMs: 2, notifier: undefined, onError: onError('one') })
    await follow({ store, pollMs: 2, notifier: undefined, onError: onError('two') })
    await all
    await follow({ store, pollMs: 60_000 })
    await new Promise<void>((resolve) => setImmediate(resolve))
    expect(notifier.topics()).to.have.length(2)
  })

  it('reads a turn again that was over when the last one asked', async () => {
    rig.impostor.gate('middle').open()
    rig.impostor.gate('late').open()
    const store = rig.rows.anotherStore()
    await run()
    const over = await follow({ store })
    await over.ended
    await rig.rows.database.knex('messages').where({ id: turnId }).update({ turn_text: 'edited' })
    expect((await follow({ store })).record.text).to.equal('edited')
  })

  it('listens to one topic for a UUID in either case', async () => {
    const turnId = '0B0F5C0A-7A0E-4E2B-9E1C-3D6A5B4C2F10'
    const record = await rig.rows.store.read(1)
    const store = { read: async () => record, peek: async () => [null] }
    await follow({ store, turnId, pollMs: 60_000 })
    await follow({ store, turnId: turnId.toLowerCase(), pollMs: 60_000 })
    await new Promise<void>((resolve) => setImmediate(resolve))
    const topic = `turn:${turnId.toLowerCase()}`
    expect(notifier.topics()).to.have.members([topic, `${topic}:live`])
  })

  it('refuses a pace that makes no sense', async () => {
    const wrong = await follow({ pollMs: 0 }).catch((error: unknown) => error)
    expect(wrong).to.be.instanceOf(RangeError)
  })
})
