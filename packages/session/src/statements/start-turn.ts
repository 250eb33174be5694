import type { Knex } from 'knex'
import type { Lease } from '../records.js'
import type { Tables } from '../tables.js'
import { blocking } from './find-lease.js'
import { updateTurn } from './update-turn.js'
import type { TurnUpdate } from './update-turn.js'

/** When a turn starts, and with what. */
export interface Starting {
  readonly now: number
  /** As JSON; null when it is not to be stored. */
  readonly input: string | null
  /** W3C `traceparent`; null when there is none. */
  readonly trace: string | null
}

/**
 * Moves the turn under a lease that was just taken, and stores what was asked, and in which trace, unless an earlier claim did;
 * false when the turn became terminal or the lease was lost meanwhile.
 */
export async function startTurn(
  tables: Tables,
  lease: Lease,
  starting: Starting,
): Promise<boolean> {
  return updateTurn(tables, lease, startUpdate(tables, tables.knex(), lease, starting))
}

/** The write of {@link startTurn}. */
export function startUpdate(
  tables: Tables,
  knex: Knex,
  lease: Lease,
  { now, input, trace }: Starting,
): TurnUpdate {
  const { columns } = tables.messages
  const unlessStored = (column: string, value: string | null): Record<string, Knex.Raw> =>
    value === null ? {} : { [column]: knex.raw('coalesce(??, ?)', [column, value]) }
  return {
    what: 'start the run',
    from: ['pending', 'running', 'waiting'],
    where: (row) =>
      void row
        .where(columns.conversationId, String(lease.conversationId))
        .where(columns.turnFence, '<', lease.fence)
        // Once more than when the lease was taken: that write may have waited for the row of one that began to wait meanwhile.
        .where((free) => {
          if (knex.client.dialect !== 'postgresql') return
          free.whereNotExists(blocking(tables, knex, lease.conversationId, now))
        }),
    set: {
      [columns.status]: 'running',
      [columns.turnFence]: lease.fence,
      [columns.pendingSince]: null,
      [columns.dueAt]: null,
      [columns.startedAt]: knex.raw('coalesce(??, ?)', [columns.startedAt, now]),
      ...unlessStored(columns.promptInput, input),
      ...unlessStored(columns.trace, trace),
    },
  }
}
