import type { TurnJob } from '@turnstead/turn'
import type { Knex } from 'knex'

/** How a turn comes to a worker. */
export interface TurnQueue {
  /** In the transaction that writes the row, where the queue is in the database. */
  add(trx: Knex, job: TurnJob): Promise<void>
  /** After it, where the queue is in this process. */
  wake(job: TurnJob): void
}
