import type { Knex } from 'knex'
import type { AskRecord } from '../../ask-records.js'
import { serializeAsks } from '../../asks/ask-column.js'
import { oldestWaiting } from '../../asks/merge-asks.js'
import type { Lease, RowId, TurnStatus } from '../../records.js'
import type { Tables } from '../../tables.js'
import { query } from '../query.js'
import { rowKey } from '../row-key.js'
import { telling } from '../../events/tell.js'
import type { Happening } from '../../events/tell.js'
import { conversationOf } from '../cancel-turn.js'
import { updateTurn } from '../update-turn.js'

/** The asks as they shall be, made from those of a revision. */
export interface AsksWrite {
  readonly asks: readonly AskRecord[]
  readonly seenRevision: number
  /** As they were. */
  readonly before: readonly AskRecord[]
}

/** A worker's write: under its own claim, while the turn runs. False when another write came between, too. */
export async function writeAsks(tables: Tables, lease: Lease, write: AsksWrite): Promise<boolean> {
  const { columns } = tables.messages
  return updateTurn(tables, lease, {
    what: 'store the asks',
    from: ['running'],
    where: (row) =>
      void row
        .where(columns.turnFence, lease.fence)
        .where(columns.asksRevision, write.seenRevision),
    happenings: happeningsOf(lease, write, tables.clock.now()),
    set: askFields(tables, tables.knex(), write),
  })
}

/**
 * Anyone's write, while the turn stands where it was seen: it runs, whoever runs it, or waits without a worker; then it is due. False
 * when another write came between, too.
 */
export async function writeAnswer(
  tables: Tables,
  turnId: RowId,
  write: AsksWrite & { readonly askId: string; readonly seen: SeenTurn },
): Promise<boolean> {
  const { table, columns } = tables.messages
  const { status, fence } = write.seen
  const now = tables.clock.now()
  const isParked = status === 'waiting'
  const happenings = isParked ? [answered(tables, turnId, { ...write, now })] : []
  const changed = await query<number>(
    tables,
    `store the answer in turn ${turnId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, turnId))
        .where(columns.status, status)
        .where(columns.asksRevision, write.seenRevision)
        .update({
          ...askFields(tables, knex, write),
          ...(isParked ? { [columns.dueAt]: now } : {}),
          [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
        }),
    telling(tables, happenings, isParked ? { turnId, fence } : null),
  )
  return Number(changed) > 0
}

/** The turn as it was when its asks were read. */
export interface SeenTurn {
  readonly status: TurnStatus
  readonly fence: number
}

/** Whoever runs turns has to know. */
function answered(
  tables: Tables,
  turnId: RowId,
  { askId, seen, now }: { readonly askId: string; readonly seen: SeenTurn; readonly now: number },
): Happening {
  const about = { status: seen.status, reason: null, by: seen.fence, at: now, askId }
  const conversationId = conversationOf(tables, turnId)
  return { type: 'turn.answered', turnId, conversationId, ...about }
}

/** What a person has to be told of: each ask that was opened, and that the turn begins to wait. */
function happeningsOf(
  { turnId, conversationId, fence }: Lease,
  { asks, before }: AsksWrite,
  now: number,
): Happening[] {
  const known = new Set(before.map(({ id }) => id))
  const about = { turnId, conversationId, by: fence, status: 'running', reason: null } as const
  const asked = asks
    .filter(({ id, state }) => state === 'open' && !known.has(id))
    .map(({ id }): Happening => ({ ...about, type: 'turn.asked', at: now, askId: id }))
  const begins = oldestWaiting(before) === null && oldestWaiting(asks) !== null
  if (!begins) return asked
  return [...asked, { ...about, type: 'turn.waiting', at: now, askId: null }]
}

/** Whether the asks are still those of a revision, asked by a write: a read may see older ones. */
export async function confirmAsks(
  tables: Tables,
  turnId: RowId,
  seenRevision: number,
): Promise<boolean> {
  const { table, columns } = tables.messages
  const changed = await query<number>(
    tables,
    `look at the asks of turn ${turnId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, turnId))
        .where(columns.asksRevision, seenRevision)
        .update({ [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]) }),
    { isRepeatable: true },
  )
  return Number(changed) > 0
}

function askFields(
  { messages }: Tables,
  knex: Knex,
  { asks }: AsksWrite,
): Readonly<Record<string, unknown>> {
  const { columns } = messages
  return {
    [columns.asks]: serializeAsks(asks),
    [columns.asksRevision]: knex.raw('?? + 1', [columns.asksRevision]),
    [columns.waitingSince]: oldestWaiting(asks),
  }
}
