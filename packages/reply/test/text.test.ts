import { expect } from 'chai'
import { describe, it } from 'mocha'
import type { ReplyPart, WrittenPart } from '../src/index.js'
import { TextBuffer } from '../src/state/text-buffer.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

function only({ reply }: Turn): ReplyPart & WrittenPart {
  const [part] = reply.parts
  if (part?.kind !== 'text' && part?.kind !== 'reasoning') throw new Error('no text part')
  return part
}

describe('text of a reply', () => {
  it('grows by deltas and is replaced by what the server states', () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    text.grow('The ', 'quick')
    expect(only(turn)).to.include({ text: 'The quick', final: false })
    text.end('The quick.')
    expect(only(turn)).to.include({ text: 'The quick.', final: true, provenance: 'server' })
    expect(turn.reply.view().anomalies).to.deep.equal([
      { code: 'text_corrected', subject: text.id },
    ])
  })

  it('ignores a delta after the final text', () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    text.end('done')
    text.grow(' late')
    expect(only(turn).text).to.equal('done')
  })

  it('ignores a delta for a part that was removed', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const text = turn.write(message)
    text.grow('gone')
    const stale = turn.server.events.length
    turn.server.delta(message, text.id, ' too')
    const late = turn.server.events[stale]
    turn.server.removePart(message, text.id)
    turn.reply.apply(turn.server.events.at(-1))
    const { revision } = turn.reply
    turn.reply.apply(late)
    expect(turn.reply.revision).to.equal(revision)
  })

  it('takes a delta for what its part is, not for what its field says', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.write(message, 'reasoning').grow('thinking')
    expect(turn.reply.result()).to.include({ text: '', reasoning: 'thinking' })
  })

  it('keeps two texts apart', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const [one, two] = [turn.write(message), turn.write(message)]
    two.grow('second')
    one.grow('first')
    expect(turn.reply.parts.map((part) => 'text' in part && part.text)).to.deep.equal([
      'first',
      'second',
    ])
  })

  it('holds deltas back until the kind of their part is known', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.server.delta(message, 'prt_1f8c0000ffff00000000000000', 'tail')
    turn.hear()
    expect(turn.reply.parts).to.deep.equal([])
    turn.server.putPart(message, {
      id: 'prt_1f8c0000ffff00000000000000',
      type: 'reasoning',
      text: '',
      time: { start: 1 },
    })
    turn.hear()
    expect(only(turn)).to.include({ kind: 'reasoning', text: 'tail', gapped: true })
  })

  it('marks open texts at a gap until the server states them', () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    text.grow('be')
    turn.reply.apply({ type: 'gap', reason: 'reconnect' })
    expect(only(turn).gapped).to.equal(true)
    text.grow('end')
    expect(only(turn)).to.include({ text: 'beend', gapped: true })
    text.end('begin and end')
    expect(only(turn)).to.include({ text: 'begin and end', gapped: false })
  })

  it('knows that deltas of a part that was polled first are a suffix', () => {
    const turn = beginTurn()
    const message = turn.server.addMessage(turn.sessionId, {
      role: 'assistant',
      parentID: turn.promptId,
    })
    const part = turn.server.putPart(message, { type: 'text', text: '', time: { start: 1 } })
    turn.poll()
    turn.server.delta(message, part, 'tail')
    turn.reply.apply(turn.server.events.at(-1))
    expect(only(turn)).to.include({ text: 'tail', gapped: true })
  })

  it('is what an edit of the part says, also without an end', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const text = turn.write(message)
    text.end('The whole text.')
    turn.complete(message)
    turn.server.putPart(message, { id: text.id, type: 'text', text: 'Edited.' })
    turn.hear()
    expect(only(turn)).to.include({ text: 'Edited.', lost: false, provenance: 'server' })
    turn.server.removePart(message, text.id)
    turn.poll()
    expect(turn.reply.parts).to.deep.equal([])
  })

  it('does not take an empty text in a poll for an answer', () => {
    const turn = beginTurn()
    turn.write(turn.answer()).grow('seen')
    turn.poll()
    expect(only(turn)).to.include({ text: 'seen', lost: false })
  })
})

describe('a text with holes', () => {
  it('is reported once to have some, then goes on piece by piece', () => {
    const heard: string[] = []
    const turn = beginTurn({ observers: [{ changed: ({ type }) => void heard.push(type) }] })
    const text = turn.write(turn.answer())
    text.grow('a')
    turn.reply.apply({ type: 'gap' })
    text.grow('c', 'd')
    expect(heard.slice(2)).to.deep.equal(['text-delta', 'part-changed', 'text-delta', 'text-delta'])
  })
})

describe('text that the server lost', () => {
  it('is kept and marked when its message ends without it', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.write(message).grow('seen')
    turn.complete(message, { error: { name: 'MessageAbortedError', data: { message: 'Aborted' } } })
    turn.poll()
    expect(only(turn)).to.include({ text: 'seen', lost: true, provenance: 'stream' })
    expect(turn.reply.result().text).to.equal('seen')
  })

  it('is kept when a poll does not even hold its part', () => {
    const turn = beginTurn()
    turn.write(turn.answer()).grow('seen')
    const [prompt, answer] = turn.server.poll().messages.get(turn.sessionId) ?? []
    turn.reply.reconcile([prompt, { info: Object(answer).info, parts: [] }], { sessionIdle: true })
    expect(only(turn)).to.include({ text: 'seen', lost: true })
  })

  it('is kept when a poll of an idle session shows nothing', () => {
    const turn = beginTurn()
    turn.write(turn.answer()).grow('seen')
    turn.poll({ sessionIdle: true })
    expect(only(turn)).to.include({ text: 'seen', lost: true })
  })

  it('is not lost when the session was idle before it began', () => {
    const turn = beginTurn()
    const { revision } = turn.reply
    const text = turn.write(turn.answer())
    text.grow('li')
    turn.poll({ sessionIdle: true, revision })
    text.grow('ve')
    expect(only(turn)).to.include({ text: 'live', lost: false })
  })

  it('is not lost after all when the last word comes late', () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    text.grow('se')
    turn.poll({ sessionIdle: true })
    text.end('seen')
    expect(only(turn)).to.include({ text: 'seen', lost: false, final: true, provenance: 'server' })
  })

  it('may have holes when it goes on after a gap', () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    text.grow('be')
    turn.poll({ sessionIdle: true })
    turn.reply.apply({ type: 'gap' })
    turn.poll({ sessionIdle: false })
    text.grow('end')
    expect(only(turn)).to.include({ text: 'beend', lost: false, gapped: true })
  })

  it('no longer counts when the step began again', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.write(message).grow('first try')
    turn.server.putPart(message, { type: 'step-start' })
    turn.hear()
    turn.write(message).end('second try')
    expect(turn.reply.parts[0]).to.include({ text: 'first try', lost: true })
    expect(turn.reply.result().text).to.equal('second try')
  })

  it('no longer counts when the same prompt was run again', () => {
    const turn = beginTurn()
    turn.write(turn.answer()).grow('before the crash')
    const again = turn.answer()
    turn.server.putPart(again, { type: 'step-start' })
    turn.hear()
    turn.write(again).end('after it')
    turn.poll()
    expect(turn.reply.parts[0]).to.include({ text: 'before the crash', lost: true })
    expect(turn.reply.result().text).to.equal('after it')
  })
})

describe('TextBuffer', () => {
  it('equals the joined pieces at every length', () => {
    const buffer = new TextBuffer('x')
    let expected = 'x'
    for (let index = 0; index < 300; index += 1) {
      buffer.append(`${index},`)
      expected += `${index},`
      if (index % 50 === 0) expect(buffer.toString()).to.equal(expected)
      expect(buffer.length).to.equal(expected.length)
    }
    expect(buffer.toString()).to.equal(expected)
  })
})
