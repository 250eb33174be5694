import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { throughJson } from '../laws/compare.js'
import { deliver, deliveries } from '../laws/delivery.js'
import { histories } from '../laws/history.js'
import { createReplyMirror, foldChange } from '../src/changes.js'
import type { Change, ReplyView } from '../src/index.js'
import { createReply, parseReply } from '../src/index.js'

describe('createReplyMirror', () => {
  it('shows what the original shows, by views and by changes, and tells observers all of it', () => {
    fc.assert(
      fc.property(deliveries(histories), fc.nat(), ({ history, fates }, seed) => {
        const { sessionId, promptId } = history
        const reply = createReply({ sessionId, promptId })
        const mirror = createReplyMirror()
        const waiting: Change[] = []
        let told: ReplyView = mirror.view()
        mirror.observe({
          changed(change) {
            expect(change.revision).to.equal(told.revision + 1)
            told = foldChange(told, change)
          },
        })
        reply.observe({ changed: (change) => void waiting.push(change) })
        mirror.show(reply.view())
        let step = seed
        deliver(reply, { history, fates }, () => {
          step += 1
          if (step % 5 === 0) {
            waiting.length = 0
            mirror.show(parseReply(throughJson(reply)).view())
          } else if (step % 2 === 0) mirror.fold(waiting.splice(0))
        })
        mirror.fold(waiting.splice(0))
        const withoutBytes = parseReply(throughJson(reply)).view()
        mirror.show(withoutBytes)
        expect({ ...mirror.view(), revision: 0 }).to.deep.equal({ ...withoutBytes, revision: 0 })
        expect(told).to.deep.equal(mirror.view())
        expect(mirror.revision).to.equal(told.revision)
      }),
      { numRuns: 60 },
    )
  })

  it('is at work until it is concluded', () => {
    const mirror = createReplyMirror({ name: 'turn-1' })
    expect(mirror.name).to.equal('turn-1')
    expect(mirror.outcome().state).to.equal('unknown')
    const outcome = { state: 'unknown', error: null, answeredBy: null } as const
    mirror.conclude(outcome)
    expect(mirror.outcome()).to.equal(outcome)
  })
})
