import { expect } from 'chai'
import { describe, it } from 'mocha'
import { parseReply } from '../src/index.js'
import { createUiMessageEncoder } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'

describe('Reply.note', () => {
  it('shows a part of the host after what there is, in every view and through JSON', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.write(message).end('One.')
    const id = turn.reply.note({ type: 'budget', data: { left: 3, at: undefined } })
    turn.write(message).end('Two.')
    for (const reply of [turn.reply, parseReply(JSON.stringify(turn.reply))]) {
      expect(reply.parts.map(({ kind }) => kind)).to.deep.equal(['text', 'note', 'text'])
      expect(reply.part(id)).to.deep.include({
        type: 'budget',
        data: { left: 3 },
        provenance: 'host',
      })
      expect(reply.result().text).to.equal('One.\n\nTwo.')
      const chunks = createUiMessageEncoder(reply).next()
      expect(chunks).to.deep.include({
        type: 'data-note',
        id,
        data: { type: 'budget', data: { left: 3 } },
      })
    }
  })

  it('takes the place of the one with the same id', () => {
    const { reply } = beginTurn()
    const first = reply.note({ type: 'a', data: 1, id: 'x' })
    const { revision } = reply
    expect(reply.note({ type: 'a', data: 1, id: 'x' })).to.equal(first)
    expect(reply.revision).to.equal(revision)
    reply.note({ type: 'b', data: 2, id: 'x' })
    expect(reply.parts).to.have.lengthOf(1)
    expect(reply.parts[0]).to.include({ type: 'b', data: 2 })
  })

  it('stays when the server takes the message before it away', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const id = turn.reply.note({ type: 'a', data: null })
    turn.server.removeMessage(message)
    turn.hear()
    turn.poll()
    expect(turn.reply.parts.map((part) => part.id)).to.deep.equal([id])
  })

  it('is refused without a type, and beyond 256', () => {
    const { reply } = beginTurn()
    expect(() => reply.note({ type: '', data: 1 })).to.throw(TypeError, '`type`')
    for (let index = 0; index < 256; index += 1) reply.note({ type: 'a', data: index })
    expect(() => reply.note({ type: 'a', data: 1 })).to.throw(RangeError, '256')
    reply.note({ type: 'b', data: 1, id: '1' })
    expect(reply.part('note:1')).to.include({ type: 'b' })
  })
})
