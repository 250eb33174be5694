import type { SpendLedger } from '@turnstead/wire/gateway'
import type { Knex } from 'knex'

/** Two tables: what each user may spend and has, and each call. Amounts are millionths of a dollar. */
export async function createLedgerTables(knex: Knex): Promise<void> {
  await knex.schema.createTable('spenders', (table) => {
    table.string('user_id').primary()
    for (const name of ['cap', 'spent', 'reserved'])
      table.bigInteger(name).notNullable().defaultTo(0)
  })
  await knex.schema.createTable('model_calls', (table) => {
    table.string('call_id', 36).primary()
    table.string('user_id').notNullable().index()
    table.bigInteger('reserved').notNullable()
    table.bigInteger('cost')
    table.text('model')
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now())
  })
}

/** A ledger that any number of gateways share. A user without a row may spend nothing. */
export function createKnexLedger(knex: Knex): SpendLedger {
  return {
    reserve: ({ callId, user, microUsd }) =>
      knex.transaction(async (trx) => {
        // The row's lock puts the calls of a user into an order.
        const hasRoom = trx.raw('spent + reserved < cap')
        const taken = await trx('spenders')
          .where({ user_id: user })
          .where(hasRoom)
          .increment('reserved', microUsd)
        if (taken === 1) {
          await trx('model_calls').insert({ call_id: callId, user_id: user, reserved: microUsd })
          return { granted: true }
        }
        const row: Partial<Record<'spent' | 'cap', unknown>> =
          (await trx('spenders').where({ user_id: user }).first('spent', 'cap')) ?? {}
        const spentMicroUsd = Number(row.spent ?? 0)
        const capMicroUsd = Number(row.cap ?? 0)
        const isFinal = spentMicroUsd >= capMicroUsd
        return { granted: false, isFinal, spentMicroUsd, capMicroUsd }
      }),
    async settle({ callId, user, provider, model, microUsd, reservedMicroUsd }) {
      await knex.transaction(async (trx) => {
        const cost = { cost: microUsd, model: `${provider}/${model}` }
        const settled = await trx('model_calls').where({ call_id: callId, cost: null }).update(cost)
        if (settled === 0) return
        await trx('spenders')
          .where({ user_id: user })
          .increment('spent', microUsd)
          .decrement('reserved', reservedMicroUsd)
      })
    },
  }
}
