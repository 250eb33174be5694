import { expect } from 'chai'
import { describe, it } from 'mocha'
import { parseReply } from '../src/index.js'
import { toUiMessage } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

const image = `data:image/png;base64,${Buffer.alloc(1000, 7).toString('base64')}`

function give(turn: Turn): void {
  const message = turn.answer()
  const attachments = [
    { id: 'f', mime: 'image/png', filename: 'a.png', url: image },
    { id: 'g', mime: 'text/plain', filename: 'b.txt', url: 'https://files.invalid/b.txt' },
  ]
  turn.call(message, { status: 'completed', input: {}, output: '', attachments }, 'read')
  turn.server.putPart(message, { type: 'file', mime: 'image/png', filename: 'c.png', url: image })
  turn.complete(message)
}

describe('the JSON of a reply', () => {
  it('has the type, name and size of files, and not their bytes', () => {
    const turn = beginTurn()
    give(turn)
    const stored = JSON.stringify(turn.reply)
    expect(stored).to.not.include('base64')
    const copy = parseReply(stored)
    expect(copy.result().files).to.deep.equal(
      turn.reply.result().files.map((file) => ({
        ...file,
        url: file.url === image ? null : file.url,
      })),
    )
    expect(copy.result().files.map(({ size }) => size)).to.deep.equal([1000, null, 1000])
    expect(JSON.stringify(copy)).to.equal(stored)
  })

  it('gets the bytes back by a poll, and a reader gets them then', () => {
    const turn = beginTurn()
    give(turn)
    const copy = parseReply(JSON.stringify(turn.reply))
    const urls = (): readonly string[] =>
      toUiMessage(copy).parts.flatMap((part) => (part.type === 'file' ? [part.url] : []))
    expect(urls()).to.deep.equal(['https://files.invalid/b.txt'])
    copy.reconcile(turn.server.poll().messages.get(turn.sessionId))
    expect(urls()).to.deep.equal([image, 'https://files.invalid/b.txt', image])
  })

  it('counts the bytes of every kind of data address', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const urls = {
      'data:,a%20b': 3,
      'data:text/plain;charset=utf-8;base64,aGk=': 2,
      'DATA:;base64,aGkh': 3,
      'data:;base64,': 0,
      'data:broken': null,
      'file:///a': null,
    }
    for (const url of Object.keys(urls)) turn.server.putPart(message, { type: 'file', url })
    turn.hear()
    expect(turn.reply.result().files.map(({ size }) => size)).to.deep.equal(Object.values(urls))
    expect(JSON.stringify(turn.reply)).to.not.match(/data:/i)
  })
})
