import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createReply } from '../src/index.js'
import { EventClock } from '../src/state/event-order.js'
import { number } from '../src/records/fields.js'
import { toJsonValue } from '../src/records/json-value.js'
import { createChangeLog, eventFrames } from '../src/server-sent-events.js'
import { oneLine } from '../src/tool-display/one-line.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

const never = new Promise<void>(() => {})

/** Messages of a turn that the reply does not know yet: each event that announces one, and the one of its text. */
function untold(turn: Turn, count: number, parentID: string): (readonly [unknown, unknown])[] {
  const { server, sessionId } = turn
  return Array.from({ length: count }, () => {
    const id = server.addMessage(sessionId, { role: 'assistant', parentID })
    server.putPart(id, { type: 'text', text: id, time: { start: 1, end: 2 } })
    return server.events.slice(-2) as unknown as readonly [unknown, unknown]
  })
}

describe('a reply keeps', () => {
  it('64 anomalies, each once', () => {
    const { reply, sessionId } = beginTurn()
    for (let round = 0; round < 2; round += 1) {
      for (let count = 0; count < 70; count += 1) {
        const info = { id: `msg_${count}`, sessionID: sessionId, role: 'robot' }
        reply.apply({ type: 'message.updated', properties: { info } })
      }
    }
    const { anomalies } = reply.view()
    expect(anomalies.map(({ subject }) => subject)).to.deep.equal(
      Array.from({ length: 64 }, (_, count) => `msg_${count}`),
    )
    const few = createReply({ sessionId, promptId: 'msg_prompt' })
    for (let count = 0; count < 2; count += 1) few.apply({})
    expect(few.view().anomalies).to.have.lengthOf(1)
  })

  it('the ids of 256 things that were removed', () => {
    const { reply, sessionId } = beginTurn()
    for (let count = 0; count <= 256; count += 1) {
      const properties = { sessionID: sessionId, messageID: 'msg_1', partID: `prt_${count}` }
      reply.apply({ type: 'message.part.removed', properties })
    }
    const { removed } = reply.toJSON()
    expect(removed).to.have.lengthOf(256)
    expect(removed[0]?.[0]).to.equal('prt_1')
  })

  it('16 messages until it knows whose they are, and says which one it gave up', () => {
    const turn = beginTurn()
    const messages = untold(turn, 17, turn.promptId)
    for (const [, part] of messages) turn.reply.apply(part)
    // The one that was given up comes last, because it would wait like a new one.
    for (const [announced] of messages.toReversed()) turn.reply.apply(announced)
    const shown = turn.reply.parts.map(({ messageId }) => messageId)
    const all = turn.reply.view().messages.map(({ id }) => id)
    expect(all).to.have.lengthOf(17)
    expect(shown).to.deep.equal(all.slice(1))
    expect(turn.reply.view().anomalies).to.deep.equal([{ code: 'owner_unknown', subject: all[0] }])
  })

  it('128 messages of other prompts', () => {
    const turn = beginTurn()
    for (let count = 0; count <= 128; count += 1)
      turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.hear()
    expect(turn.reply.toJSON().sessions[0]?.messages).to.have.lengthOf(1 + 128)
  })

  it('the last 64 to 128 events about one thing', () => {
    const id = (count: number): string =>
      `evt_${count.toString(16).padStart(12, '0')}aaaaaaaaaaaaaa`
    const clock = new EventClock()
    for (let count = 1; count < 128; count += 1) clock.accept(id(2 * count))
    expect(clock.accept(id(1))).to.equal(true)
    const more = new EventClock()
    for (let count = 1; count <= 128; count += 1) more.accept(id(2 * count))
    expect(more.accept(id(2 * 64 - 1))).to.equal(false)
    expect(more.accept(id(2 * 64 + 1))).to.equal(true)
  })

  it('97 levels of a value, and a million objects', () => {
    let deep: unknown = null
    for (let level = 0; level < 200; level += 1) deep = { deep }
    let levels = 0
    for (let value = toJsonValue(deep); value !== null; value = Object(value).deep) levels += 1
    expect(levels).to.equal(97)
    const wide = Object(toJsonValue(Array.from({ length: 1e6 }, () => [])))
    expect([wide[1e6 - 2], wide[1e6 - 1]]).to.deep.equal([[], null])
  })

  it('numbers that are exact', () => {
    expect(number({ cost: -(2 ** 53) }, 'cost')).to.equal(-(2 ** 53))
    expect(number({ cost: 2 ** 53 + 2 }, 'cost')).to.equal(null)
  })

  it('up with sub-agents that are found by way of each other', () => {
    const turn = beginTurn()
    const { server, sessionId } = turn
    const child = server.openSession(sessionId, 'child', null)
    const message = server.addMessage(child, { role: 'assistant', parentID: 'msg_sub' })
    const state = { status: 'running', metadata: { sessionId: 'ses_grandchild' } }
    server.putPart(message, { type: 'tool', callID: 'c', tool: 'task', state })
    server.patchMessage(turn.promptId, { time: { created: server.tick().now } })
    const late = createReply({ sessionId, promptId: turn.promptId })
    const [first, prompted] = [server.events[1], server.events.at(-1)]
    // The prompt was sent again later than the sub-agent wrote; then comes word of the first time.
    late.apply(prompted)
    const opened = structuredClone(
      server.events.find(({ type, properties }) => {
        return type === 'session.created' && properties['sessionID'] === child
      }),
    )
    Object(opened?.properties['info']).time.created = Infinity
    for (const event of [opened, ...server.events.slice(-3, -1)]) late.apply(event)
    expect(late.view().children.map(({ sessionId: id }) => id)).to.deep.equal([child])
    late.apply(first)
    expect(late.view().children.map(({ sessionId: id }) => id)).to.have.members([
      child,
      'ses_grandchild',
    ])
  })
})

describe('a change log keeps', () => {
  it('1,000 changes', () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    const log = createChangeLog(turn.reply)
    const { revision } = log
    text.grow(...Array.from({ length: 1001 }, () => 'x'))
    expect(log.since(revision)).to.equal(null)
    expect(log.since(revision + 1)).to.have.lengthOf(1000)
  })

  it('4,000,000 characters, 200 of them for what a delta has beside its text', () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    const log = createChangeLog(turn.reply)
    const { revision } = log
    text.grow(...Array.from({ length: 4 }, () => 'x'.repeat(1e6 - 200)))
    expect(log.since(revision)).to.have.lengthOf(4)
    text.grow('x')
    expect(log.since(revision)).to.equal(null)
    expect(log.since(revision + 1)).to.have.lengthOf(4)
    const small = createChangeLog(turn.reply, { maxCharacters: 401 })
    text.grow('x', 'x')
    expect(small.since(small.revision - 2)).to.equal(null)
    expect(small.since(small.revision - 1)).to.have.lengthOf(1)
  })
})

describe('a browser is sent', () => {
  it('200 changes, and a snapshot instead of one more', async () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    const log = createChangeLog(turn.reply, { epoch: 'a' })
    const position = `a.${log.revision}`
    const first = async (): Promise<string> => {
      for await (const frame of eventFrames(log, position, { ended: never })) return frame
      return ''
    }
    text.grow(...Array.from({ length: 200 }, () => 'x'))
    expect(await first()).to.include('event: change')
    text.grow('x')
    expect(await first()).to.include('event: snapshot')
  })

  it('a comment after 15 seconds', async () => {
    const clock = createManualClock()
    const log = createChangeLog(beginTurn().reply)
    const frames = eventFrames(log, null, { ended: never, clock })
    await frames.next()
    let comment: string | undefined
    const next = frames.next().then(({ value }) => (comment = value))
    await clock.advance(14_999)
    expect(comment).to.equal(undefined)
    await clock.advance(1)
    await next
    expect(comment).to.equal(': heartbeat\n\n')
    await frames.return(undefined)
  })
})

describe('a title is made', () => {
  it('of the first 2,000 characters', () => {
    expect(oneLine(`${' '.repeat(1999)}x`)).to.equal('x')
    expect(oneLine(`${' '.repeat(2000)}x`)).to.equal('')
  })
})
