import { databases } from '@turnstead-internal/databases'
import type { SpendLedger } from '@turnstead/wire/gateway'
import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'mocha'
import { createKnexLedger, createLedgerTables } from '../src/ledgers/knex.js'

for (const kind of databases) {
  const suite = kind.skip === null ? describe : describe.skip
  suite(`a ledger that gateways share on ${kind.name}`, () => {
    let database: Awaited<ReturnType<typeof kind.open>>
    let ledgers: SpendLedger[]

    before(async () => {
      database = await kind.open()
      await createLedgerTables(database.knex)
      await database.knex('spenders').insert({ user_id: 'ann', cap: 1_000 })
      ledgers = [createKnexLedger(database.knex), createKnexLedger(database.connect())]
    })
    after(() => database.close())

    const spend = { provider: 'p', model: 'm', sessionId: null, rootSessionId: null, at: 0 }
    const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }
    const rest = { ...spend, usage, isEstimated: false, outcome: 'answered' } as const

    it('lets out no more than fits and one call, and takes each once', async () => {
      const calls = Array.from({ length: 40 }, () => ({ callId: randomUUID(), user: 'ann' }))
      const reserved = await Promise.all(
        calls.map(async (call, index) => {
          const ledger = ledgers[index % 2]!
          const reservation = await ledger.reserve({ ...call, microUsd: 300 })
          if (!reservation.granted) expect(reservation.isFinal).to.equal(false)
          return reservation.granted ? [call] : []
        }),
      )
      const out = reserved.flat()
      expect(out).to.have.length(4)
      for (const ledger of ledgers) {
        await Promise.all(
          out.map((call) =>
            ledger.settle({ ...rest, ...call, microUsd: 260, reservedMicroUsd: 300 }),
          ),
        )
      }
      const row: unknown = await database.knex('spenders').first('spent', 'reserved')
      expect(JSON.parse(JSON.stringify(row))).to.satisfy(
        (each: { spent: unknown; reserved: unknown }) =>
          Number(each.spent) === 1_040 && Number(each.reserved) === 0,
      )
      const refused = await ledgers[0]!.reserve({ callId: randomUUID(), user: 'ann', microUsd: 1 })
      expect(refused).to.deep.equal({
        granted: false,
        isFinal: true,
        spentMicroUsd: 1_040,
        capMicroUsd: 1_000,
      })
      const unknown = await ledgers[1]!.reserve({ callId: randomUUID(), user: 'bob', microUsd: 1 })
      expect(unknown).to.include({ granted: false, isFinal: true })
    })
  })
}
