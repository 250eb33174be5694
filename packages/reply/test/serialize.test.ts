import { expect } from 'chai'
import { describe, it } from 'mocha'
import { parseReply } from '../src/index.js'
import type { Reply } from '../src/index.js'
import { joinTexts } from '../src/view/joined-texts.js'
import { beginTurn } from './support/turn.js'

function expectWritten(reply: Reply): void {
  expect(reply.serialize()).to.equal(JSON.stringify(reply))
}

describe('serialize', () => {
  it('escapes a character whose halves come in two pieces as one', () => {
    const turn = beginTurn()
    const writing = turn.write(turn.answer())
    for (const piece of ['a "quote" \\', '\uD83D', '\uDE00\n', '\uD83D', 'b', '\uDE00', '\u0000']) {
      writing.grow(piece)
      expectWritten(turn.reply)
    }
    expectWritten(parseReply(turn.reply.serialize()))
  })

  it('follows a text that the server corrects, a tool, a removed part and a second message', () => {
    const turn = beginTurn()
    const first = turn.answer()
    const writing = turn.write(first)
    writing.grow('Hallo')
    expectWritten(turn.reply)
    writing.end('Hello')
    expectWritten(turn.reply)
    const call = turn.call(first, { status: 'running', input: { command: 'ls' } })
    expectWritten(turn.reply)
    turn.call(first, { status: 'completed', input: {}, output: 'x', title: 't' }, 'bash', call)
    expectWritten(turn.reply)
    turn.complete(first)
    const second = turn.write(turn.answer())
    second.grow('more')
    expectWritten(turn.reply)
    turn.server.removePart(first, writing.id)
    turn.hear()
    expectWritten(turn.reply)
    second.grow(' and more')
    expectWritten(turn.reply)
    turn.reply.close()
    expectWritten(turn.reply)
  })

  it('takes no text of the agent for a mark of its own', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.complete(message, { finish: 'stop', structured: ['@', '@@', { '@@@': '@@@@' }] })
    turn.write(turn.answer()).grow('words')
    expectWritten(turn.reply)
  })

  it('writes no bytes of files', () => {
    const turn = beginTurn()
    const url = `data:image/png;base64,${'A'.repeat(5000)}`
    const attachments = [{ id: 'prt_f', type: 'file', mime: 'image/png', url }]
    const state = { status: 'completed', input: {}, output: '', title: '', attachments }
    turn.call(turn.answer(), state)
    expect(turn.reply.serialize()).to.have.lengthOf.below(5000)
    expect(turn.reply.serialize()).to.not.match(/data:/)
    expectWritten(turn.reply)
  })

  it('joins again only what changed, at any length', () => {
    for (const length of [200, 129, 128, 65, 64, 1, 0]) {
      const texts = Array.from({ length }, (_, n) => `t${n}`)
      const joined = joinTexts([...texts])
      for (const index of [0, 63, 64, length - 1]) {
        if (index < 0 || index >= length) continue
        texts[index] = 'changed'
        joined.set(index, 'changed')
        expect(joined.read()).to.equal(texts.join(''))
      }
    }
  })
})
