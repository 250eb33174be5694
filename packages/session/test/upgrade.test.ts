import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { permissionAsk } from '../src/contract/asks/subject.js'
import { firstPrompt, leaseMs } from '../src/contract/subject.js'
import { assertSchema, createSessionStore, migrations } from '../src/index.js'
import { createHostTables } from './support/open-rows.js'

for (const kind of databases) {
  describe(`tables of the first version on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`are brought to the newest (skipped: ${kind.skip})`)
      return
    }

    it('are brought to the newest with the turns in them, which then wait, park and go on', async () => {
      const { knex, close } = await kind.open()
      try {
        await createHostTables(knex)
        await migrations()[0]?.up(knex)
        await knex('conversations').insert({ title: 'Old' })
        const { id: conversationId } = await knex('conversations').first('id')
        const ids: number[] = []
        // A worker of the version before has left the first one.
        for (const turn of [
          { turn_status: 'running', turn_fence: 0, turn_started_at: 1_000 },
          { turn_status: 'pending' },
          { turn_status: 'completed', turn_settled_at: 1_000, turn_closed_at: 1_000 },
        ]) {
          await knex('messages').insert({ conversation_id: conversationId, ...turn })
          ids.push(Number((await knex('messages').max({ newest: 'id' }).first())?.newest))
        }
        const problems = await assertSchema(knex).catch((error: Error) => error.message)
        expect(problems)
          .to.match(/turnstead-002-inbox/)
          .and.match(/turnstead-003-waiting/)
        for (const { up } of migrations({ from: 2 })) await up(knex)
        await assertSchema(knex)

        const store = createSessionStore({ knex })
        const [running, pending, over] = ids as [number, number, number]
        expect((await store.sweep()).strandedTurns.map(({ turnId }) => turnId)).to.include(running)
        const line = { conversationId, turnId: pending, input: { text: 'Two' } }
        expect(await store.enqueue(line)).to.include({ accepted: true })
        expect(await store.enqueue({ ...line, turnId: over })).to.include({ reason: 'settled' })
        const request = { conversationId, owner: 'worker-1', leaseMs }
        const claim = await store.claim({ ...request, turnId: running })
        if (!claim.claimed) throw new Error(claim.reason)
        await store.recordPrompt(claim.lease, firstPrompt)
        await store.updateAsks(claim.lease, [{ type: 'opened', ask: permissionAsk() }])
        expect(await store.park(claim.lease, { dueAt: null })).to.equal(true)
        await store.release(claim.lease)
        const queued = await store.claim({ ...request, turnId: pending })
        expect(queued).to.include({ claimed: false, reason: 'queued', first: running })
        const [ask] = (await store.read(running))?.asks ?? []
        const decision = { action: 'allow' } as const
        await store.answerAsk({ turnId: running, askId: ask?.id ?? '', decision })
        const { dueTurns } = await store.sweep()
        expect(dueTurns.map(({ turnId }) => turnId)).to.deep.equal([running])
      } finally {
        await close()
      }
    })
  })
}
