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

/** Keys that were announced long ago and that no row refers to, each for one caller. */
export async function takeUnreferenced(
  { context, files, keys }: CatalogTables,
  { olderThanMs, leaseMs, limit }: TakeUnreferencedOptions,
): Promise<readonly string[]> {
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
  return taken
}
