import type { Knex } from 'knex'
import { systemClock } from '../clock.js'
import type { Clock } from '../clock.js'
import { artifactTables } from '../migrations/artifact-tables.js'
import type { ArtifactTableOptions } from '../migrations/artifact-tables.js'
import type { QueryContext } from '../statements/query.js'
import { assertDuration } from '../values/asserts.js'
import { toEntry, toRow, toRowId } from './entry-row.js'
import { toNumber } from '../statements/row-values.js'
import { changeRows, inBatches, keyOf, selectRows } from './rows.js'
import type { Change, Found, Select } from './rows.js'
import { takeUnreferenced } from './take-unreferenced.js'
import type { TakeUnreferencedOptions } from './take-unreferenced.js'
import type { ArtifactEntry, EntryRow } from './entry-row.js'

export type { ArtifactEntry } from './entry-row.js'

/** Whose files: a turn's or a conversation's. */
export type ArtifactOwner =
  | { readonly turnId: string | number | bigint }
  | { readonly conversationId: string | number | bigint }

/** Where the rows are, and what the catalog uses beside the database. */
export interface ArtifactCatalogOptions extends ArtifactTableOptions {
  /** The host's Knex, or a function that gives it. */
  readonly knex: Knex | (() => Knex)
  /** What is old is so by this. Default: the machine's. */
  readonly clock?: Clock
  /** How long a statement may take with its repetitions, in milliseconds. Default: 15 000. */
  readonly statementMs?: number
}

/** Fits the `ArtifactCatalog` of `@turnstead/artifacts`, whose page says what each verb promises. */
export interface KnexArtifactCatalog {
  announce(keys: readonly string[]): Promise<readonly string[]>
  record(entries: readonly ArtifactEntry[]): Promise<void>
  list(owner: ArtifactOwner | 'all'): AsyncIterable<ArtifactEntry>
  find(turnId: string | number | bigint, artifactId: string): Promise<ArtifactEntry | null>
  remove(owner: ArtifactOwner): Promise<number>
  removeEntries(entries: readonly ArtifactEntry[]): Promise<number>
  takeUnreferenced(options: TakeUnreferencedOptions): Promise<readonly string[]>
  forget(keys: readonly string[]): Promise<void>
}

const pageSize = 200
const maxIdLength = 255

/**
 * The files of turns in two tables: {@link artifactMigration} makes them. Any number of processes may share them. No verb needs a
 * transaction. Rejects with `database_failed`.
 *
 * @example
 *     const artifacts = createMessageArtifacts({ store, directory, catalog: createArtifactCatalog({ knex }) })
 */
export function createArtifactCatalog(options: ArtifactCatalogOptions): KnexArtifactCatalog {
  const { knex, clock = systemClock, statementMs = 15_000 } = options
  const { files, keys: keysTable } = artifactTables(options)
  // Knex itself is callable, so only `raw` distinguishes it from a function that gives one.
  const context: QueryContext = {
    knex: 'raw' in knex ? () => knex : knex,
    clock,
    statementMs: assertDuration('statementMs', statementMs),
  }
  const tables = { context, files, keys: keysTable }
  const select: Select = (what, build) => selectRows(context, what, build)
  const change: Change = (what, build) => changeRows(context, what, build)

  async function announce(keys: readonly string[]): Promise<readonly string[]> {
    const removing: string[] = []
    for (const batch of inBatches([...new Set(keys)])) {
      const now = clock.now()
      const rows = batch.map((key) => ({ store_key: key, announced_at: now, removing_until: null }))
      await change('announce files', (at) =>
        at(keysTable).insert(rows).onConflict('store_key').merge(['announced_at']),
      )
      const found = await select('look for files that are being removed', (at) =>
        at(keysTable)
          .whereIn('store_key', batch)
          .where('removing_until', '>', now)
          .select('store_key'),
      )
      removing.push(...found.map(keyOf))
    }
    return removing
  }

  async function removeRows(rows: readonly Found[]): Promise<number> {
    let removed = 0
    // First: what is announced and has a row is kept, what has neither would be lost.
    await announce(rows.map(keyOf))
    for (const batch of inBatches(rows)) {
      const same = batch.map((row) => [String(row['id']), keyOf(row), toNumber(row['stored_at'])])
      removed += await change('remove the rows of files', (at) =>
        at(files).whereIn(['id', 'store_key', 'stored_at'], same).delete(),
      )
    }
    return removed
  }

  return {
    announce,
    async record(entries) {
      for (const { turnId, conversationId } of entries) {
        assertIdLength('turnId', turnId)
        assertIdLength('conversationId', conversationId)
      }
      // Of one path the last counts, and no statement may write a row twice.
      const rows = new Map(entries.map((entry) => [toRowId(entry.turnId, entry.id), toRow(entry)]))
      for (const batch of inBatches([...rows.values()])) {
        const before = await select('look for earlier files', (at) =>
          at(files)
            .whereIn(
              'id',
              batch.map(({ id }) => String(id)),
            )
            .select('id', 'store_key'),
        )
        await announce(before.filter((row) => isReplaced(row, rows)).map(keyOf))
        await change('write the rows of files', (at) =>
          at(files).insert(batch).onConflict('id').merge(),
        )
      }
    },
    async *list(owner) {
      let last: Found | undefined
      for (;;) {
        const page: Found[] = await select('list files', (at) => {
          const rows = at(files).orderBy(['stored_at', 'id']).limit(pageSize).select('*')
          if (owner !== 'all') rows.where(columnOf(owner))
          if (last === undefined) return rows
          const { stored_at: at0, id } = last as { stored_at: number; id: string }
          return rows.where((later) =>
            later
              .where('stored_at', '>', at0)
              .orWhere((same) => same.where('stored_at', at0).where('id', '>', id)),
          )
        })
        for (const row of page) if (isOwned(row, owner)) yield toEntry(row)
        if (page.length < pageSize) return
        last = page.at(-1)
      }
    },
    async find(turnId, artifactId) {
      const id = toRowId(String(turnId), artifactId)
      const [row] = await select(`find a file of turn ${turnId}`, (at) =>
        at(files).where({ id, artifact_id: artifactId }).select('*'),
      )
      return row === undefined ? null : toEntry(row)
    },
    async remove(owner) {
      let removed = 0
      let last: string | null = null
      for (;;) {
        const rows: Found[] = await select('look for files to remove', (at) => {
          const some = at(files).where(columnOf(owner)).orderBy('id').limit(pageSize)
          if (last !== null) some.where('id', '>', last)
          return some.select('id', 'store_key', 'stored_at', 'turn_id', 'conversation_id')
        })
        removed += await removeRows(rows.filter((row) => isOwned(row, owner)))
        if (rows.length < pageSize) return removed
        last = String(rows.at(-1)?.['id'])
      }
    },
    removeEntries: (entries) =>
      removeRows(
        entries.map(({ turnId, id, key, storedAt }) => ({
          ...{ id: toRowId(turnId, id), store_key: key, stored_at: storedAt },
        })),
      ),
    takeUnreferenced: (takeOptions) => takeUnreferenced(tables, takeOptions),
    async forget(keys) {
      for (const batch of inBatches(keys)) {
        await change('forget removed files', (at) =>
          at(keysTable).whereIn('store_key', batch).whereNotNull('removing_until').delete(),
        )
      }
    },
  }
}

/** Such a row would be refused by one database, and cut by another. */
function assertIdLength(name: string, id: string | null): void {
  if (id === null || id.length <= maxIdLength) return
  throw new RangeError(`\`${name}\` of a file must have at most ${maxIdLength} characters.`)
}

function isReplaced(row: Found, rows: ReadonlyMap<string, EntryRow>): boolean {
  return rows.get(String(row['id']))?.['store_key'] !== row['store_key']
}

/** MySQL takes a text for the same that has blanks at its end. */
function isOwned(row: Found, owner: ArtifactOwner | 'all'): boolean {
  if (owner === 'all') return true
  return Object.entries(columnOf(owner)).every(([column, value]) => row[column] === value)
}

function columnOf(owner: ArtifactOwner): Readonly<Record<string, string>> {
  return 'turnId' in owner
    ? { turn_id: String(owner.turnId) }
    : { conversation_id: String(owner.conversationId) }
}
