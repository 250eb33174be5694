import type { Knex } from 'knex'
import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'

/**
 * The conversation's half of the fence. A worker that was paused while *another* message of its conversation was
 * claimed finds its own message's fence unchanged; this is what stops it.
 */
export function stillClaimed({ knex, conversations }: Tables, lease: Lease): Knex.QueryBuilder {
  const { table, columns } = conversations
  return knex()
    .select(knex().raw('1'))
    .from(table)
    .where({ [columns.id]: lease.conversationId, [columns.turnFence]: lease.fence })
}
