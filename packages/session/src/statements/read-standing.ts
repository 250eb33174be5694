import { SessionError } from '../errors.js'
import type { RowId, TurnStatus } from '../records.js'
import type { Tables } from '../tables.js'
import { confirmTurnExists } from './confirm-turn-exists.js'
import { query } from './query.js'
import { keyText, rowKey, spelling, unlessImpossible } from './row-key.js'
import { toNumber, toTurnStatus } from './row-values.js'

/** What a worker has to learn of its turn again and again. */
export interface Standing {
  readonly status: TurnStatus
  readonly asksRevision: number
}

/** Of a lease without a turn. */
const none: Standing = { status: 'running', asksRevision: 0 }
/** Of a turn whose row is gone. */
const gone: Standing = { status: 'cancelled', asksRevision: 0 }

/**
 * Where turns stand, in the order given; all of them by one statement, apart from rows that are gone. Of many, null for one whose
 * row is damaged: it must not hide the others.
 */
export async function readStandings(
  tables: Tables,
  turnIds: readonly (RowId | null)[],
): Promise<readonly (Standing | null)[]> {
  const keys = new Set(turnIds.flatMap((id) => (id === null ? [] : [String(id)])))
  const seen = new Map<string, Standing | null>()
  for (const row of keys.size < 2 ? [] : await readRows(tables, keys)) {
    const key = String(row['key'])
    seen.set(spelling(key), readable(row, key))
  }
  const standings: (Standing | null)[] = []
  for (const id of turnIds) {
    const known = id === null ? none : seen.get(spelling(id))
    standings.push(
      known === undefined && id !== null ? await readStanding(tables, id) : (known ?? null),
    )
  }
  return standings
}

function readable(row: Record<string, unknown>, key: string): Standing | null {
  try {
    return toStanding(row, key)
  } catch (error) {
    if (SessionError.is(error)) return null
    throw error
  }
}

async function readRows(
  tables: Tables,
  keys: ReadonlySet<string>,
): Promise<readonly Record<string, unknown>[]> {
  const { table, columns } = tables.messages
  const reading = query<Record<string, unknown>[]>(
    tables,
    `read the status of ${keys.size} turns`,
    (knex) =>
      knex(table)
        .whereIn(columns.id, [...keys])
        .select({ key: keyText(knex, columns.id), ...fieldsOf(tables) }),
    { isRepeatable: true },
  )
  return unlessImpossible(reading, [])
}

async function readStanding(tables: Tables, turnId: RowId): Promise<Standing> {
  const { table, columns } = tables.messages
  const reading = query<Record<string, unknown> | undefined>(
    tables,
    `read the status of turn ${turnId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, turnId))
        .first(fieldsOf(tables)),
    { isRepeatable: true },
  )
  const standing = toStanding(await unlessImpossible(reading, undefined), turnId)
  // What says that the row is gone ends the turn, and a read that lags behind does not see a new row.
  return standing === gone && (await confirmTurnExists(tables, { turnId })) ? none : standing
}

function fieldsOf({ messages }: Tables): Record<string, string> {
  const { columns } = messages
  return { status: columns.status, asksrevision: columns.asksRevision }
}

function toStanding(row: Record<string, unknown> | undefined, turnId: RowId): Standing {
  const status = row?.['status'] ?? null
  if (row === undefined || status === null) return gone
  return {
    status: toTurnStatus(status, turnId),
    asksRevision: toNumber(row['asksrevision']),
  }
}
