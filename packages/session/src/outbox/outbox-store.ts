import type { Knex } from 'knex'
import { assertDuration } from '../values/asserts.js'
import { systemClock } from '../clock.js'
import type { Clock } from '../clock.js'
import { query } from '../statements/query.js'
import type { QueryContext } from '../statements/query.js'
import { toNumber, toTurnStatus } from '../statements/row-values.js'
import type { OutboxEvent, OutboxEventType, OutboxStore } from './events.js'
import { outboxTable } from '../migrations/outbox-table.js'
import type { OutboxTableOptions } from '../migrations/outbox-table.js'

/** Where the events are, and what the store uses beside the database. */
export interface OutboxStoreOptions extends OutboxTableOptions {
  /** The host's Knex, or a function that gives it. */
  readonly knex: Knex | (() => Knex)
  /** What is due is so by this. Default: the machine's. */
  readonly clock?: Clock
  /** How long a statement may take with its repetitions, in milliseconds. Default: 15 000. */
  readonly statementMs?: number
}

/**
 * The events that the session store writes with `outbox` set, to be delivered by any number of processes. Rejects with
 * `database_failed`.
 *
 * @example
 *     const outbox = createOutbox({ store: createOutboxStore({ knex }), deliver })
 */
export function createOutboxStore(options: OutboxStoreOptions): OutboxStore {
  const { knex, clock = systemClock, statementMs = 15_000 } = options
  const table = outboxTable(options)
  // Knex itself is callable, so only `raw` distinguishes it from a function that gives one.
  const context: QueryContext = {
    knex: 'raw' in knex ? () => knex : knex,
    clock,
    statementMs: assertDuration('statementMs', statementMs),
  }
  const change = async (what: string, build: (at: Knex) => Knex.QueryBuilder): Promise<number> =>
    Number(await query<number>(context, what, build))

  return {
    async take({ limit, leaseMs }) {
      const now = clock.now()
      const found = await query<Record<string, unknown>[]>(context, 'look for events', (at) =>
        at(table).where('due_at', '<=', now).orderBy(['due_at', 'id']).limit(limit).select('*'),
      )
      const taken: OutboxEvent[] = []
      for (const row of found) {
        const event = toEvent(row)
        // What another process took meanwhile has another time.
        const count = await change(`take event ${event.id}`, (at) =>
          at(table)
            .where({ id: event.id, due_at: row['due_at'] })
            .update({ due_at: now + leaseMs }),
        )
        if (count > 0) taken.push(event)
      }
      return taken
    },
    async delivered(id) {
      await change(`note the delivery of event ${id}`, (at) =>
        at(table)
          .where({ id })
          .update({ due_at: null, dead_at: null, delivered_at: clock.now(), error: null }),
      )
    },
    async failed(id, { error, retryInMs }) {
      const now = clock.now()
      await change(`note the failure of event ${id}`, (at) =>
        at(table)
          .where({ id })
          .whereNull('delivered_at')
          .update({
            attempts: at.raw('?? + 1', ['attempts']),
            error: error.replaceAll('\0', '\uFFFD'),
            due_at: retryInMs === null ? null : now + retryInMs,
            dead_at: retryInMs === null ? now : null,
          }),
      )
    },
    replay: (ids) =>
      change('replay dead letters', (at) => {
        const dead = at(table).whereNotNull('dead_at')
        if (ids !== undefined) dead.whereIn('id', [...ids])
        return dead.update({ dead_at: null, attempts: 0, due_at: clock.now() })
      }),
    async prune({ olderThanMs, limit }) {
      const before = clock.now() - olderThanMs
      const old = await query<{ readonly id: string }[]>(context, 'look for old events', (at) =>
        at(table)
          .where('delivered_at', '<', before)
          .orderBy('delivered_at')
          .limit(limit)
          .select('id'),
      )
      if (old.length === 0) return 0
      const ids = old.map(({ id }) => id)
      return change('delete old events', (at) => at(table).whereIn('id', ids).delete())
    },
    async count() {
      const now = clock.now()
      const [row] = await query<Record<string, unknown>[]>(context, 'count events', (at) =>
        at(table)
          .where((open) => open.whereNotNull('due_at').orWhereNotNull('dead_at'))
          .select({
            dead: at.raw('count(??)', ['dead_at']),
            pending: at.raw('count(case when ?? <= ? then ?? end)', ['at', now, 'due_at']),
            oldest: at.raw('min(case when ?? is null then ?? end)', ['dead_at', 'at']),
          }),
      )
      const oldest = row?.['oldest'] ?? null
      return {
        pending: toNumber(row?.['pending']),
        dead: toNumber(row?.['dead']),
        oldestMs: oldest === null ? 0 : Math.max(0, now - toNumber(oldest)),
      }
    },
  }
}

function toEvent(row: Record<string, unknown>): OutboxEvent {
  const turnId = String(row['turn_id'])
  return {
    id: String(row['id']),
    type: String(row['type']) as OutboxEventType,
    turnId,
    conversationId: String(row['conversation_id']),
    at: toNumber(row['at']),
    status: row['status'] === null ? null : toTurnStatus(row['status'], turnId),
    reason: (row['reason'] ?? null) as string | null,
    askId: (row['ask_id'] ?? null) as string | null,
    attempts: toNumber(row['attempts']),
  }
}
