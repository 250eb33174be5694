import { expect } from 'chai'
import { describe, it } from 'mocha'
import type { Gap, ServerEvent } from '@turnstead/wire'
import { createReply } from '../src/index.js'

describe('what wire delivers', () => {
  it('can be applied as it is', () => {
    const sessionID = 'ses_1'
    const event = {
      id: 'evt_1f8cd942d001S1iwZWGyUJ8KpA',
      type: 'session.status',
      properties: { sessionID, status: { type: 'busy' } },
    } satisfies ServerEvent
    const gap = { type: 'gap', reason: 'reconnect' } satisfies Gap
    const reply = createReply({ sessionId: sessionID, promptId: 'msg_1' })
    const items: readonly (ServerEvent | Gap)[] = [event, gap]
    for (const item of items) reply.apply(item)
    expect(reply.view()).to.deep.include({ status: 'busy', anomalies: [] })
  })
})
