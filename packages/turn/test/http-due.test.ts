import { on, reply, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createTurnRoutes } from '../src/http.js'
import { runTurn, type TurnOptions, waitForPerson } from '../src/index.js'
import { openRig } from './support/rig.js'

describe('the routes, of a turn that no worker holds', () => {
  it('tell the host when it was answered or stopped, whatever the host makes of it', async () => {
    const write = reply(tool.write({ filePath: 'a.txt', content: 'a' }))
    const rig = await openRig(on('Write', write, { times: 2 }))
    const due: unknown[] = []
    const problems: unknown[] = []
    const routes = createTurnRoutes({
      store: rig.rows.anotherStore(),
      authorize: () => ({ userId: 7 }),
      begin: () => rig.rows.addMessage(),
      onDue: (turn) => {
        due.push(turn)
        throw new Error('the queue is away')
      },
      onError: (error) => problems.push(error),
    })
    const post = async (path: string, body: unknown): Promise<Response> => {
      const headers = { 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body: JSON.stringify(body) }
      const response = await routes(new Request(`http://app.test${path}`, init))
      if (response === null) throw new Error(`${path} is no route`)
      return response
    }
    const optionsOf = (turnId: number): TurnOptions =>
      rig.options(turnId, 'Write', {
        asks: waitForPerson,
        session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
        timing: { parkAfterMs: 1 },
      })
    const park = async (): Promise<number> => {
      const turnId = await rig.rows.addMessage()
      expect(await runTurn(optionsOf(turnId))).to.include({ reason: 'waiting' })
      return turnId
    }
    try {
      const answered = await park()
      const askId = (await rig.rows.store.read(answered))?.asks[0]?.id
      const path = `/turns/${answered}/asks/${askId}`
      expect((await post(path, { action: 'reject' })).status).to.equal(200)
      expect((await post(path, { action: 'reject' })).status).to.equal(409)
      await runTurn(optionsOf(answered))
      const stopped = await park()
      expect(await (await post(`/turns/${stopped}/stop`, {})).json()).to.deep.equal({
        stopped: true,
      })
      const { conversationId } = rig.rows
      expect(due).to.deep.equal([
        { turnId: String(answered), conversationId },
        { turnId: String(stopped), conversationId },
      ])
      expect(problems).to.have.length(2)
    } finally {
      await rig.close()
    }
  })
})
