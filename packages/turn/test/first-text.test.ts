import { on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

describe('what comes before the first text', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig([])
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  const routes = (): string[] =>
    rig.impostor.journal.entries
      .map(({ method, path }) => `${method} ${path.replace(/ses_\w+/, ':id')}`)
      .filter((route) => route !== 'GET /path')

  it('is one stream, opened beside the session that is made, and that session is not asked for', async () => {
    rig.impostor.answer(on('Hello', reply(text('Hello there.'))))
    expect(await runTurn(rig.options(turnId, 'Hello'))).to.include({ status: 'completed' })
    const sent = routes().indexOf('POST /session/:id/prompt_async')
    expect(routes().slice(0, sent)).to.have.members(['GET /event', 'POST /session'])
    expect(routes().filter((route) => route === 'GET /event')).to.have.length(1)
  })

  it('does not wait for the session to open the stream', async () => {
    rig.impostor.answer(on('Hello', reply(text('Hello there.'))))
    const make = rig.client.session.create
    const client = {
      ...rig.client,
      session: {
        ...rig.client.session,
        create: async (...args: Parameters<typeof make>) => {
          await rig.impostor.next('GET /event')
          return await make(...args)
        },
      },
    }
    const result = await runTurn(rig.options(turnId, 'Hello', { client }))
    expect(result).to.include({ status: 'completed' })
  })
})
