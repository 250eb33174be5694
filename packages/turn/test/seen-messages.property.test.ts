import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { createSeenMessages } from '../src/seen/seen-messages.js'

/** A message, and how often it has changed. */
const message = (id: number, version: number): object => ({
  info: { id: `msg_${id}`, version },
  parts: [],
})

describe('messages that polls have seen', () => {
  it('are the list of the server as far back as any page went, whatever the pages were', () => {
    const polls = fc.array(
      fc.record({ grows: fc.nat(3), limit: fc.integer({ min: 1, max: 12 }) }),
      { minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(polls, fc.infiniteStream(fc.nat(1_000)), (steps, ids) => {
        const seen = createSeenMessages()
        const server: { id: number; version: number }[] = []
        let first = Infinity
        let end = 0
        for (const { grows, limit } of steps) {
          for (let count = 0; count < grows; count += 1) {
            const id = server.length * 1_001 + (ids.next().value ?? 0)
            // The ids of a session may be of two clocks: their order says nothing.
            server.push({ id: server.length % 2 === 0 ? -id : id, version: 0 })
          }
          for (const each of server.slice(-2)) each.version += 1
          const from = Math.max(0, server.length - limit)
          // The reader goes back to what it has seen, so pages overlap or touch.
          const start = first === Infinity ? from : Math.min(from, end)
          seen.add(
            'ses_1',
            server.slice(start).map(({ id, version }) => message(id, version)),
          )
          first = Math.min(first, start)
          end = Math.max(0, server.length - 1)
        }
        const known = server.slice(first).map(({ id }) => `msg_${id}`)
        expect(seen.of('ses_1').map(({ info }) => info['id'])).to.deep.equal(known)
        const newest = server.at(-1)
        if (newest !== undefined) {
          expect(seen.of('ses_1').at(-1)?.info['version']).to.equal(newest.version)
        }
        expect(seen.of('ses_2')).to.deep.equal([])
      }),
    )
  })
})
