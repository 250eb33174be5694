import { toRowId } from '../values/asserts.js'
import type { RowId, TurnStatus } from '../records.js'
import type { RunningTurn, TurnPage, WaitingTurn } from '../store/session-queries.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { keyText, unlessImpossible } from './row-key.js'
import { toNumber, toNumberOrNull } from './row-values.js'

const defaultLimit = 100
const largestLimit = 1000

/** A page of the turns that run, the longest first. */
export async function listRunning(
  tables: Tables,
  page: TurnPage<Pick<RunningTurn, 'turnId' | 'startedAt'>>,
): Promise<readonly RunningTurn[]> {
  const { startedAt } = tables.messages.columns
  const { after } = page
  return list(tables, page, {
    what: 'list the running turns',
    // By the key itself, SQLite would read the whole table in its order.
    by: startedAt,
    status: ['running'],
    after: after && { time: after.startedAt, turnId: after.turnId },
  })
}

/** A page of the turns that wait for a person, the longest first. */
export async function listWaiting(
  tables: Tables,
  page: TurnPage<Pick<WaitingTurn, 'turnId' | 'waitingSince'>>,
): Promise<readonly WaitingTurn[]> {
  const { waitingSince } = tables.messages.columns
  const { after } = page
  const turns = await list(tables, page, {
    what: 'list the turns that wait',
    by: waitingSince,
    status: ['running', 'waiting'],
    after: after && { time: after.waitingSince, turnId: after.turnId },
  })
  return turns as readonly WaitingTurn[]
}

interface Listing {
  readonly what: string
  /** A column of times, which the page is ordered by. */
  readonly by: string
  readonly status: readonly TurnStatus[]
  readonly after: { readonly time: number; readonly turnId: RowId } | undefined
}

async function list<After>(
  tables: Tables,
  page: TurnPage<After>,
  { what, by, status, after }: Listing,
): Promise<readonly RunningTurn[]> {
  const limit = assertLimit(page.limit ?? defaultLimit)
  const { conversations, messages } = tables
  const c = conversations.columns
  const m = messages.columns
  const time = `m.${by}`
  const listing = query<Record<string, unknown>[]>(
    tables,
    what,
    (knex) => {
      const rows = knex(`${messages.table} as m`)
        .join(`${conversations.table} as c`, `c.${c.id}`, `m.${m.conversationId}`)
        // Of a turn that runs it is null; together they are an index.
        .where((row) => {
          const [only, ...more] = status
          if (more.length === 0) row.where(`m.${m.status}`, only)
          else row.whereIn(`m.${m.status}`, status)
        })
        .whereNull(`m.${m.closedAt}`)
        // A bound, since SQLite finds what is only not null through no index.
        .where(time, '>=', after?.time ?? 0)
        .orderBy([time, `m.${m.id}`])
        .limit(limit)
        .select({
          turn: `m.${m.id}`,
          turntext: keyText(knex, `m.${m.id}`),
          conversation: `m.${m.conversationId}`,
          conversationtext: keyText(knex, `m.${m.conversationId}`),
          session: `c.${c.sessionId}`,
          revision: `m.${m.turnRevision}`,
          started: `m.${m.startedAt}`,
          waiting: `m.${m.waitingSince}`,
          asksrevision: `m.${m.asksRevision}`,
          owner: `c.${c.turnOwner}`,
          expires: `c.${c.turnExpiresAt}`,
        })
      if (after !== undefined) {
        rows.where((later) => {
          later.where(time, '>', after.time).orWhere(`m.${m.id}`, '>', String(after.turnId))
        })
      }
      if (page.conversations !== undefined) {
        const chosen = knex(conversations.table).select(`${conversations.table}.${c.id}`)
        page.conversations(chosen)
        rows.whereIn(`m.${m.conversationId}`, chosen)
      }
      return rows
    },
    { isRepeatable: true },
  )
  const rows = await unlessImpossible(listing, [])
  return rows.map((row) => ({
    turnId: toRowId(row['turn'], row['turntext']),
    conversationId: toRowId(row['conversation'], row['conversationtext']),
    sessionId: (row['session'] ?? null) as string | null,
    revision: toNumber(row['revision']),
    startedAt: toNumber(row['started']),
    waitingSince: toNumberOrNull(row['waiting']),
    asksRevision: toNumber(row['asksrevision']),
    owner: (row['owner'] ?? null) as string | null,
    expiresAt: toNumberOrNull(row['expires']),
  }))
}

function assertLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit > 0 && limit <= largestLimit) return limit
  throw new RangeError(`\`limit\` must be a whole number from 1 to ${largestLimit}.`)
}
