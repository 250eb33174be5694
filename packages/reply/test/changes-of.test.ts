import { expect } from 'chai'
import { describe, it } from 'mocha'
import { changesOf, foldChange } from '../src/changes.js'
import type { Change, Reply } from '../src/index.js'
import { beginTurn } from './support/turn.js'
import { watchReply } from './support/watched.js'

/** Reads what waits, up to the reply's newest change. */
async function readUp(changes: AsyncIterable<Change>, reply: Reply): Promise<Change[]> {
  const read: Change[] = []
  for await (const change of changes) {
    read.push(change)
    if (change.revision === reply.revision) break
  }
  return read
}

describe('changesOf', () => {
  it('gives a slow reader the last state, merged', async () => {
    const turn = beginTurn()
    const before = turn.reply.view()
    const changes = changesOf(turn.reply)
    const first = changes.next()
    const text = turn.write(turn.answer())
    for (let index = 0; index < 100; index += 1) text.grow('x')
    const read = [(await first).value, ...(await readUp(changes, turn.reply))]
    const view = read.reduce(foldChange, before)
    expect(view).to.deep.equal(turn.reply.view())
    expect(read).to.have.lengthOf(2)
  })

  it('does not swallow that a text was finished', async () => {
    const turn = beginTurn()
    const message = turn.answer()
    const text = turn.write(message)
    const changes = readUp(changesOf(turn.reply), turn.reply)
    text.grow('ab')
    text.end('ab')
    turn.server.putPart(message, {
      id: text.id,
      type: 'text',
      text: 'patched',
      time: { start: 1, end: 2 },
    })
    turn.hear()
    const last = (await changes).at(-1)
    expect(last)
      .to.include({ type: 'part-finished' })
      .and.to.have.nested.property('part.text', 'patched')
  })

  it('passes the reason of an abort on', async () => {
    const turn = beginTurn()
    const stop = new AbortController()
    const changes = changesOf(turn.reply, { signal: stop.signal })
    const next = changes.next()
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await next.catch((error: unknown) => error)).to.equal(reason)
  })
})

describe('changesOf a reader that leaves', () => {
  it('holds nothing before it is read', async () => {
    const { reply, listening } = watchReply()
    const changes = changesOf(reply)
    expect(listening()).to.equal(0)
    await changes.return(undefined)
    expect(await changes.next()).to.deep.equal({ done: true, value: undefined })
    expect(listening()).to.equal(0)
  })

  it('lets go at once, also while it sleeps', async () => {
    const { reply, listening } = watchReply()
    const changes = changesOf(reply)
    const next = changes.next()
    expect(listening()).to.equal(1)
    const left = changes.return(undefined)
    expect(listening()).to.equal(0)
    expect(await next).to.deep.equal({ done: true, value: undefined })
    await left
  })

  it('lets go at once when it is aborted, also while no one reads', async () => {
    const turn = beginTurn()
    const { reply, listening } = watchReply(turn)
    const stop = new AbortController()
    const changes = changesOf(reply, { signal: stop.signal })
    const first = changes.next()
    turn.answer()
    await first
    stop.abort()
    expect(listening()).to.equal(0)
  })

  it('lets go when the loop is left', async () => {
    const turn = beginTurn()
    const { reply, listening } = watchReply(turn)
    const read = readUp(changesOf(reply), turn.reply)
    turn.answer()
    await read
    expect(listening()).to.equal(0)
  })
})

describe('changesOf a reader that sleeps', () => {
  it('keeps no more than there is to show, whatever happened', async () => {
    const turn = beginTurn()
    const { server, sessionId, reply } = turn
    const changes = changesOf(reply)
    const before = reply.view()
    const first = changes.next()
    turn.answer()
    const ask = server.ask(sessionId, null)
    turn.hear()
    for (let round = 0; round < 50; round += 1) {
      reply.reconcile(undefined, { permissions: [] })
      reply.reconcile(undefined, server.poll())
      server.send('session.error', {
        sessionID: sessionId,
        error: { name: 'E', data: { message: `${round}` } },
      })
      turn.hear()
    }
    expect(reply.asks.map(({ id, state }) => [id, state])).to.deep.equal([[ask, 'open']])
    const read = [(await first).value, ...(await readUp(changes, reply))]
    expect(read.map(({ type }) => type)).to.deep.equal([
      'message-changed',
      'ask-opened',
      'part-added',
      'errored',
    ])
    expect(read.reduce(foldChange, before)).to.deep.equal(reply.view())
  })

  it('keeps no more of an ask that was withdrawn', async () => {
    const turn = beginTurn()
    const { server, sessionId, reply } = turn
    turn.complete(turn.answer())
    const prompt = server.addMessage(sessionId, { role: 'user' })
    turn.hear()
    const message = server.addMessage(sessionId, { role: 'assistant', parentID: prompt })
    server.ask(sessionId, { messageID: message, callID: 'c' })
    const [announced, asked] = server.events.slice(-2)
    const changes = changesOf(reply)
    const first = changes.next()
    reply.apply({})
    reply.apply(asked)
    reply.apply(announced)
    await first
    const read = await readUp(changes, reply)
    expect(read.map(({ type }) => type)).to.deep.equal(['ask-withdrawn'])
  })

  it('keeps a message that goes and comes again once', async () => {
    const turn = beginTurn()
    const { server, sessionId, reply } = turn
    const changes = changesOf(reply)
    const first = changes.next()
    const message = turn.answer()
    await first
    for (let round = 0; round < 20; round += 1) {
      const stored = server.poll().messages.get(sessionId)
      reply.reconcile(stored?.slice(0, 1))
      reply.reconcile(stored)
    }
    const read = await readUp(changes, reply)
    expect(read.map(({ type }) => type)).to.deep.equal(['message-changed'])
    expect(reply.view().messages[0]?.id).to.equal(message)
  })
})
