import { expect } from 'chai'
import { describe, it } from 'mocha'

import { guessSessionKey, mayAnnounceChild, readEventHeader } from '../src/events/event-header.js'
import { isEvent, parentIdOf, sessionIdOf } from '../src/events/event-types.js'
import { tailKeyOf } from '../src/events/tail-key.js'
import { dataOf, recordedStreams } from './support/cassettes.js'

const read = (data: string) => {
  const bytes = Buffer.from(`data: ${data}\n\n`)
  return { bytes, end: bytes.length - 2, header: readEventHeader(bytes, 6, bytes.length - 2) }
}

describe('readEventHeader', () => {
  it('tells the session that the parser finds, for every recorded frame whose session it tells', () => {
    let told = 0
    let ofSessions = 0
    for (const [name, frames] of recordedStreams()) {
      for (const data of frames.map(dataOf)) {
        const event: unknown = data === null ? null : JSON.parse(data)
        if (data === null || !isEvent(event)) continue
        const sessionId = sessionIdOf(event)
        const { header } = read(data)
        if (sessionId !== null) ofSessions += 1
        if (header === null) continue
        told += 1
        expect(header.sessionKey, `${name}: ${event.type}`).to.equal(tailKeyOf(sessionId ?? ''))
      }
    }
    expect(told / ofSessions).to.be.above(0.95)
  })

  it('guesses the same session for every recorded frame whose session it tells', () => {
    for (const [name, frames] of recordedStreams()) {
      for (const data of frames.map(dataOf)) {
        if (data === null) continue
        const { bytes, header } = read(data)
        if (header !== null) expect(guessSessionKey(bytes, 6), name).to.equal(header.sessionKey)
      }
    }
  })

  it('guesses a number, and no more, for a frame of another form', () => {
    for (const data of ['', '{}', '{"id":"e","type":"t"}', 'x'.repeat(200)]) {
      expect(guessSessionKey(read(data).bytes, 6)).to.be.a('number')
    }
  })

  it('sees every recorded announcement of a child', () => {
    let children = 0
    for (const frames of recordedStreams().values()) {
      for (const data of frames.map(dataOf)) {
        const event: unknown = data === null ? null : JSON.parse(data)
        if (data === null || !isEvent(event) || parentIdOf(event) === null) continue
        const { bytes, end, header } = read(data)
        if (header === null) continue
        children += 1
        expect(mayAnnounceChild(bytes, header, end)).to.equal(true)
      }
    }
    expect(children).to.be.above(10)
  })

  for (const [what, data] of [
    ['the envelope in another order', '{"type":"t","id":"e","properties":{"sessionID":"ses_1"}}'],
    [
      'another first property',
      '{"id":"e","type":"t","properties":{"id":"per_1","sessionID":"ses_1"}}',
    ],
    [
      'a nested look-alike',
      '{"id":"e","type":"t","properties":{"a":{"properties":{"sessionID":"ses_1"}}}}',
    ],
    ['an id beyond ASCII', '{"id":"e","type":"t","properties":{"sessionID":"ses_é"}}'],
    ['an escape in the id', '{"id":"e","type":"t","properties":{"sessionID":"ses_\\u0031"}}'],
    ['a session that is cut off', '{"id":"e","type":"t","properties":{"sessionID":"ses_'],
    ['an id without a tail', '{"id":"e","type":"t","properties":{"sessionID":"ses"}}'],
    ['no object', '[1]'],
    ['white space', '{ "id":"e","type":"t","properties":{"sessionID":"ses_1"}}'],
  ] as const) {
    it(`leaves ${what} to the parser`, () => {
      expect(read(data).header).to.equal(null)
    })
  }
})
