import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import type { AskChange, AskRecord, AskState, OpenAsk } from '../src/index.js'
import { parseAsks, serializeAsks } from '../src/asks/ask-column.js'
import { closedByEnd, mergeAsks, oldestWaiting } from '../src/asks/merge-asks.js'

const ask = (id: string, askedAt = 10): OpenAsk => ({
  id,
  kind: 'permission',
  sessionId: 'ses_1',
  callId: null,
  askedAt,
  permission: 'edit',
  patterns: ['a.txt'],
})

const opened = (id: string, askedAt?: number): AskChange => ({
  type: 'opened',
  ask: ask(id, askedAt),
})
const decided = (askId: string, by: string): AskChange => ({
  type: 'decided',
  askId,
  decision: { action: 'allow' },
  by,
})
const sent = (askId: string): AskChange => ({ type: 'sent', askId })
const closed = (askId: string) => ({ type: 'closed', askId }) as const

/** From each state, by each change: what comes of it. A state that stays says that the change does not apply. */
const table: readonly (readonly [AskState, AskChange, AskState])[] = [
  ['open', opened('a'), 'open'],
  ['open', decided('a', 'policy'), 'answered'],
  ['open', sent('a'), 'open'],
  ['open', closed('a'), 'closed'],
  ['answered', opened('a'), 'answered'],
  ['answered', decided('a', 'policy'), 'answered'],
  ['answered', sent('a'), 'sent'],
  ['answered', closed('a'), 'closed'],
  ['open', { ...closed('a'), unless: 'answered' }, 'closed'],
  ['answered', { ...closed('a'), unless: 'answered' }, 'answered'],
  ['sent', opened('a'), 'sent'],
  ['sent', decided('a', 'policy'), 'sent'],
  ['sent', sent('a'), 'sent'],
  ['sent', closed('a'), 'sent'],
  ['closed', opened('a'), 'closed'],
  ['closed', decided('a', 'policy'), 'closed'],
  ['closed', sent('a'), 'closed'],
  ['closed', closed('a'), 'closed'],
]

const ways: Readonly<Record<AskState, readonly AskChange[]>> = {
  open: [opened('a')],
  answered: [opened('a'), decided('a', 'ada')],
  sent: [opened('a'), decided('a', 'ada'), sent('a')],
  closed: [opened('a'), closed('a')],
}

describe('mergeAsks', () => {
  for (const [from, change, to] of table) {
    it(`makes ${to} of an ask that is ${from} and ${change.type}`, () => {
      const before = mergeAsks([], ways[from], 20)
      const after = mergeAsks(before, [change], 30)
      expect(after[0]?.state).to.equal(to)
      if (from === to) expect(after).to.equal(before)
      else expect(before[0]?.state).to.equal(from)
    })
  }

  it('notes when each of it was, and keeps what was before', () => {
    const asks = mergeAsks([], [opened('a'), opened('b')], 20)
    const after = mergeAsks(asks, [decided('a', 'ada'), sent('a'), closed('b')], 30)
    const [a, b] = after
    expect(a).to.deep.include({ ...ask('a'), answeredBy: 'ada', answeredAt: 30, sentAt: 30 })
    expect(b).to.deep.include({ ...ask('b'), closedAt: 30, decision: null, answeredAt: null })
  })

  it('forgets of too many the oldest that is over, and none that waits', () => {
    let asks: readonly AskRecord[] = mergeAsks([], [opened('first')], 1)
    for (let n = 0; n < 700; n += 1) {
      asks = mergeAsks(asks, [opened(`n${n}`), decided(`n${n}`, 'policy'), sent(`n${n}`)], n)
    }
    expect(asks).to.have.length(500)
    expect(asks[0]).to.include({ id: 'first', state: 'open' })
    expect(asks.at(-1)).to.include({ id: 'n699' })
  })

  it('cuts what no person reads to the end, and says that it did', () => {
    const huge = { ...ask('a'), patterns: ['x'.repeat(50_000)] } as OpenAsk
    const [record] = mergeAsks([], [{ type: 'opened', ask: huge }], 1)
    expect(record?.kind === 'permission' && record.patterns[0]).to.match(/^x{20000}…$/)
  })

  it('cuts the words of questions, too, and leaves none of them out', () => {
    const long = 'x'.repeat(100_000)
    const question = {
      text: long,
      header: long,
      options: [{ label: long, description: long }],
      multiple: false,
      custom: true,
    }
    const identity = { id: 'q', sessionId: 'ses_1', callId: null, askedAt: 1 }
    const questions = [question, { ...question, text: 'short' }]
    const [asked] = mergeAsks(
      [],
      [{ type: 'opened', ask: { ...identity, kind: 'question', questions } }],
      5,
    )
    expect(JSON.stringify(asked).length).to.be.below(150_000)
    expect(asked).to.have.nested.property('questions[1].text', 'short')
  })

  it('never takes a decision back, and moves only forward, in any order of changes', () => {
    const order: readonly AskState[] = ['open', 'answered', 'sent', 'closed']
    const change = fc
      .constantFrom('a', 'b')
      .chain((id) =>
        fc.constantFrom(opened(id), decided(id, 'ada'), decided(id, 'bob'), sent(id), closed(id)),
      )
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        let asks: readonly AskRecord[] = []
        for (const one of changes) {
          const next = mergeAsks(asks, [one], 1)
          for (const before of asks) {
            const after = next.find(({ id }) => id === before.id)
            expect(after).not.to.equal(undefined)
            if (after === undefined) continue
            expect(order.indexOf(after.state)).to.be.at.least(order.indexOf(before.state))
            if (before.answeredBy !== null) expect(after.answeredBy).to.equal(before.answeredBy)
          }
          // The same once more says nothing new.
          expect(mergeAsks(next, [one], 2)).to.equal(next)
          asks = next
        }
        expect(parseAsks(serializeAsks(asks))).to.deep.equal(asks)
      }),
    )
  })
})

describe('oldestWaiting', () => {
  it('counts what is open only', () => {
    const asks = mergeAsks([], [opened('a', 5), opened('b', 7)], 20)
    expect(oldestWaiting(asks)).to.equal(5)
    expect(oldestWaiting(mergeAsks(asks, [decided('a', 'ada')], 20))).to.equal(7)
    expect(oldestWaiting(mergeAsks(asks, [closed('a'), closed('b')], 20))).to.equal(null)
  })
})

describe('closedByEnd', () => {
  it('closes what was not sent, and leaves the rest', () => {
    const changes = [opened('a'), opened('b'), decided('b', 'ada'), ...ways.sent.slice(1)]
    const asks = closedByEnd(mergeAsks([], changes, 20), 40)
    expect(asks.map(({ id, state, closedAt }) => ({ id, state, closedAt }))).to.deep.equal([
      { id: 'a', state: 'sent', closedAt: null },
      { id: 'b', state: 'closed', closedAt: 40 },
    ])
  })
})

describe('parseAsks', () => {
  for (const [what, value, expected] of [
    ['nothing', null, []],
    ['a text that is no JSON', '{', null],
    ['another JSON', '{"a":1}', null],
    ['a newer version', '{"v":2,"asks":{}}', 'newer'],
    ['what a JSON column gives', { v: 1, asks: [] }, []],
    ['entries that are none', '{"v":1,"asks":[null,7,{"id":"a"}]}', []],
  ] as const) {
    it(`reads ${what}`, () => expect(parseAsks(value)).to.deep.equal(expected))
  }
})
