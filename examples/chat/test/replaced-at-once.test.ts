import { databases } from '@turnstead-internal/databases'
import { reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { startApp, type TestApp } from './support/app.js'

describe('a message that is asked anew in two tabs at once', () => {
  const postgresql = databases.find(({ name }) => name === 'postgresql')
  const skip = postgresql === undefined ? 'not known here' : postgresql.skip
  if (postgresql === undefined || skip !== null) {
    console.warn(`SKIPPED: messages that are asked anew on PostgreSQL (${skip})`)
    it.skip(`is asked once (skipped: ${skip})`)
    return
  }

  const rounds = 10
  const onPostgresql = async (act: (app: TestApp) => Promise<void>): Promise<void> => {
    const database = await postgresql.open({ isAlone: true })
    const app = await startApp(reply(text('Hello.')), {
      databaseUrl: database.url,
      hasWorker: false,
    })
    try {
      for (let round = 0; round < rounds; round += 1) await act(app)
    } finally {
      await app.close()
      await database.close()
    }
  }
  const written = (body: string) => ({ body, uploads: [] })
  const answered = async (app: TestApp) => {
    const { message } = await app.rows.startConversation(written('First'))
    await app.rows.store.cancel({ turnId: message.id, reason: 'over' })
    return message
  }

  it('is asked in one of them, and the other is told', async () => {
    await onPostgresql(async (app) => {
      const { rows } = app
      const first = await answered(app)
      const sent = await Promise.all(
        ['one', 'other'].map((body) => rows.replaceMessage(first, written(body))),
      )
      expect(sent.filter((each) => typeof each === 'string')).to.deep.equal(['replaced'])
      expect(await rows.turnsFrom(first.conversationId, 1)).to.have.lengthOf(2)
    })
  })

  it('takes no message along that came in the meantime', async () => {
    await onPostgresql(async (app) => {
      const { rows } = app
      const first = await answered(app)
      const [, added] = await Promise.all([
        rows.replaceMessage(first, written('anew')),
        rows.addMessage(first.conversationId, written('another one')),
      ])
      expect((await rows.findMessage(added.message.id))?.replaced_by).to.equal(null)
    })
  })
})
