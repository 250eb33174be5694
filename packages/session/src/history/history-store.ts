import type { Knex } from 'knex'
import { systemClock } from '../clock.js'
import type { Clock } from '../clock.js'
import { SessionError } from '../errors.js'
import { dialectOf } from '../migrations/dialect.js'
import { historyTable } from '../migrations/history-table.js'
import type { HistoryTableOptions } from '../migrations/history-table.js'
import type { RowId } from '../records.js'
import { query } from '../statements/query.js'
import type { QueryContext } from '../statements/query.js'
import { assertDuration } from '../values/asserts.js'
import type { HistoryEntry, HistoryHead } from './entry.js'
import { assertWhole, toEntry, toHead, toRow } from './entry-row.js'
import type { HistoryRow } from './entry-row.js'

/** Where the rows are, and what the store uses beside the database. */
export interface HistoryStoreOptions extends HistoryTableOptions {
  /** The host's Knex, or a function that gives it. */
  readonly knex: Knex | (() => Knex)
  /** Default: the machine's. */
  readonly clock?: Clock
  /**
   * The largest row, in bytes, packed and as text. A turn that added more is noted, and its conversation is not restored any more.
   * MariaDB and MySQL take `max_allowed_packet`, 16 MiB by default. Default: 12 582 912.
   */
  readonly maxEntryBytes?: number
  /** How long a statement may take with its repetitions, in milliseconds. Default: 15 000. */
  readonly statementMs?: number
}

/** Fits `history` of `@turnstead/turn`, whose page says what each verb promises. */
export interface KnexHistoryStore {
  newest(conversationId: RowId): Promise<HistoryHead | null>
  keep(
    lease: { readonly conversationId: RowId; readonly fence: number },
    entry: HistoryEntry,
  ): Promise<void>
  read(conversationId: RowId): Promise<readonly HistoryEntry[]>
  /** Forgets a conversation; gives how many rows there were. */
  remove(conversationId: RowId): Promise<number>
}

const heads = [
  'position',
  'turn_id',
  'session_id',
  'newest_id',
  'previous_id',
  'session_updated_at',
  'server',
  'lacks',
]

/**
 * What OpenCode servers know of conversations in a table, one row for each turn: {@link historyMigration} makes it. Rejects with
 * `database_failed`, `read` with `history_damaged`, and `keep` with `history_too_large`.
 *
 * @example
 *     const turns = { client, store, history: createHistoryStore({ knex }) }
 */
export function createHistoryStore(options: HistoryStoreOptions): KnexHistoryStore {
  const {
    knex,
    clock = systemClock,
    statementMs = 15_000,
    maxEntryBytes = 12 * 1024 * 1024,
  } = options
  if (!(maxEntryBytes > 0)) throw new RangeError('`maxEntryBytes` must be a number of bytes.')
  const table = historyTable(options)
  // Knex itself is callable, so only `raw` distinguishes it from a function that gives one.
  const context: QueryContext = {
    knex: 'raw' in knex ? () => knex : knex,
    clock,
    statementMs: assertDuration('statementMs', statementMs),
  }
  const select = (what: string, build: (at: Knex) => Knex.QueryBuilder): Promise<HistoryRow[]> =>
    query<HistoryRow[]>(context, what, build, { isRepeatable: true })
  const change = async (what: string, build: (at: Knex) => Knex.QueryBuilder): Promise<number> =>
    Number(await query<number>(context, what, build, { isRepeatable: true }))

  return {
    async newest(conversationId) {
      const [row] = await select(
        `look for what ${table} keeps of conversation ${conversationId}`,
        (at) =>
          at(table)
            .where({ conversation_id: String(conversationId) })
            .orderBy('position', 'desc')
            .limit(1)
            .select(heads),
      )
      return row === undefined ? null : toHead(row)
    },
    async keep(lease, entry) {
      const conversationId = String(lease.conversationId)
      const row = await toRow(entry, { conversationId, fence: lease.fence, now: clock.now() })
      const { body } = row
      if (String(body).length > maxEntryBytes) throw tooLarge(entry, conversationId, maxEntryBytes)
      await change(`keep turn ${entry.turnId} of conversation ${conversationId}`, (at) =>
        upsert(at, table, row),
      )
      if (entry.previousId !== null || entry.position === 0) return
      // What was kept before does not count any more.
      await change(`forget what conversation ${conversationId} was before`, (at) =>
        at(table)
          .where({ conversation_id: conversationId })
          .where('position', '<', entry.position)
          .where('fence', '<=', lease.fence)
          .delete(),
      )
    },
    async read(conversationId) {
      const conversation = { conversation_id: String(conversationId) }
      const rows = await select(
        `read what ${table} keeps of conversation ${conversationId}`,
        (at) =>
          at(table)
            .where(conversation)
            .where(
              'position',
              '>=',
              at(table)
                .where(conversation)
                .whereNull('previous_id')
                .select(at.raw('coalesce(max(??), 0)', ['position'])),
            )
            .orderBy('position')
            .select('*'),
      )
      const entries: HistoryEntry[] = []
      for (const row of rows) entries.push(await toEntry(row))
      assertWhole(entries, conversation.conversation_id)
      return entries
    },
    remove: (conversationId) =>
      change(`forget conversation ${conversationId}`, (at) =>
        at(table)
          .where({ conversation_id: String(conversationId) })
          .delete(),
      ),
  }
}

function tooLarge({ turnId }: HistoryEntry, conversationId: string, bytes: number): SessionError {
  return new SessionError(
    'history_too_large',
    `What turn ${turnId} added to conversation ${conversationId} is more than ${bytes} bytes (\`maxEntryBytes\`).`,
  )
}

/** One statement. A row that a later lease has written stays. */
function upsert(at: Knex, table: string, row: HistoryRow): Knex.QueryBuilder {
  const insert = at(table).insert(row).onConflict('id')
  // The fence comes last: MySQL compares with what it has just set.
  const names = Object.keys(row).filter((name) => !['id', 'fence'].includes(name))
  if (dialectOf(at) !== 'mysql') {
    const bare = table.slice(table.lastIndexOf('.') + 1)
    return insert.merge([...names, 'fence']).where(`${bare}.fence`, '<=', row['fence'] ?? 0)
  }
  const unlessLater = (name: string): Knex.Raw =>
    at.raw('if(?? <= values(??), values(??), ??)', ['fence', 'fence', name, name])
  return insert.merge(
    Object.fromEntries([...names, 'fence'].map((name) => [name, unlessLater(name)])),
  )
}
