import type { Knex } from 'knex'
import { query } from '../statements/query.js'
import type { QueryContext } from '../statements/query.js'
import { changeRows, inBatches, keyOf, selectRows } from './rows.js'

/** Where a catalog's rows are. */
interface CatalogTables {
  readonly context: QueryContext
  readonly files: string
  readonly keys: string
}

/** Which keys, and for how long. */
export interface TakeUnreferencedOptions {
  readonly olderThanMs: number
  readonly leaseMs: number
  readonly limit: number
}

/**
 * Keys that were announced long ago and that no row refers to, each for one caller. Those that a row refers to are forgotten on the way,
 * however many come first: a sweep that finds nothing ends.
 */
export async function takeUnreferenced(
  tables: CatalogTables,
  options: TakeUnreferencedOptions,
): Promise<readonly string[]> {
  const { clock } = tables.context
  // What is taken must still be the caller's for a while.
  const endsAt = clock.now() + options.leaseMs / 4
  for (;;) {
    const { taken, isLast } = await takeSome(tables, options)
    if (taken.length > 0 || isLast || clock.now() > endsAt) return taken
  }
}

/** Looks at no more than `limit` keys. */
async function takeSome(
  { context, files, keys }: CatalogTables,
  { olderThanMs, leaseMs, limit }: TakeUnreferencedOptions,
): Promise<{ readonly taken: readonly string[]; readonly isLast: boolean }> {
  const now = context.clock.now()
  const before = now - olderThanMs
  const old = (at: Knex): Knex.QueryBuilder =>
    at(keys)
      .where('announced_at', '<=', before)
      .where((free) => free.whereNull('removing_until').orWhere('removing_until', '<=', now))
  const taken: string[] = []
  const found = await selectRows(context, 'look for files without rows', (at) =>
    old(at).orderBy('announced_at').limit(limit).select('store_key'),
  )
  for (const batch of inBatches(found.map(keyOf))) {
    const rows = await selectRows(context, 'look for the rows of files', (at) =>
      at(files).whereIn('store_key', batch).distinct('store_key'),
    )
    const referenced = new Set(rows.map(keyOf))
    // Announced again meanwhile, it is younger, and stays.
    await changeRows(context, 'forget files that have rows', (at) =>
      old(at)
        .whereIn('store_key', [...referenced])
        .delete(),
    )
    for (const key of batch.filter((each) => !referenced.has(each))) {
      const count = await query<number>(context, 'take a file to remove', (at) =>
        old(at)
          .where('store_key', key)
          .whereNotExists(at(files).where('store_key', key).select(at.raw('1')))
          .update({ removing_until: now + leaseMs }),
      )
      if (Number(count) > 0) taken.push(key)
    }
  }
  return { taken, isLast: found.length < limit }
}
