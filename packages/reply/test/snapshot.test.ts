import { expect } from 'chai'
import { describe, it } from 'mocha'
import { parseReply, SnapshotError } from '../src/index.js'
import { beginTurn } from './support/turn.js'

describe('parseReply', () => {
  it('says why a stored reply cannot be read', () => {
    const code = (json: unknown): unknown => {
      try {
        parseReply(json)
      } catch (error) {
        return Object(error).code
      }
      return null
    }
    expect(code({ version: 99 })).to.equal('unsupported_version')
    for (const json of [null, 'no json', '{}', { version: 1 }, []])
      expect(code(json)).to.equal('malformed')
  })

  it('refuses what could not be shown', () => {
    const turn = beginTurn()
    turn.call(turn.answer(), { status: 'running', input: {} })
    const stored = JSON.stringify(turn.reply)
    for (const damaged of [
      stored.replace('"attachments":[]', '"attachments":null'),
      stored.replace(/"revision":\d+/, '"revision":null'),
      stored.replace('"anomalies":[]', '"anomalies":[null]'),
      stored.replace(`"promptId":"${turn.promptId}"`, '"promptId":7'),
    ]) {
      expect(damaged).to.not.equal(stored)
      expect(() => parseReply(damaged)).to.throw(SnapshotError)
    }
  })

  it('reads the text that JSON.stringify made', () => {
    const turn = beginTurn()
    turn.write(turn.answer()).grow('kept')
    expect(parseReply(JSON.stringify(turn.reply)).view()).to.deep.equal(turn.reply.view())
  })

  it('keeps values as deep as the reply keeps them', () => {
    const turn = beginTurn()
    let deep: unknown = 'bottom'
    for (let depth = 0; depth < 96; depth += 1) deep = { deep }
    turn.call(turn.answer(), { status: 'running', input: { deep } })
    expect(JSON.stringify(turn.reply)).to.include('bottom')
    const stored = JSON.stringify(turn.reply)
    expect(JSON.stringify(parseReply(stored))).to.equal(stored)
  })

  it('still knows which events it had', () => {
    const turn = beginTurn()
    const { server, sessionId } = turn
    const say = (word: string, type: string): void => {
      server.send('todo.updated', { sessionID: sessionId, todos: [{ content: word }] })
      server.send('session.error', { sessionID: sessionId, error: { name: word } })
      server.send('session.status', { sessionID: sessionId, status: { type } })
    }
    turn.answer()
    say('old', 'idle')
    const old = server.events.slice(-3)
    say('new', 'busy')
    turn.hear()
    const again = parseReply(turn.reply.toJSON())
    for (const event of old) again.apply(event)
    expect(again.view()).to.deep.equal(turn.reply.view())
  })

  it('still waits for the owner of a message', () => {
    const turn = beginTurn()
    const { server, sessionId } = turn
    const unheard = server.addMessage(sessionId, { role: 'user' })
    const message = server.addMessage(sessionId, { role: 'assistant', parentID: unheard })
    turn.reply.apply(server.events.at(-1))
    const again = parseReply(turn.reply.toJSON())
    server.ask(sessionId, { messageID: message, callID: 'call_1' })
    again.apply(server.events.at(-1))
    expect(again.isBlocked()).to.equal(true)
  })
})
