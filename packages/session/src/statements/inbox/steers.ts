import { SessionError } from '../../errors.js'
import type { ConversationLease, Lease, PromptRecord, RowId, TurnRecord } from '../../records.js'
import type { Tables } from '../../tables.js'
import { toRowId } from '../../values/asserts.js'
import { query } from '../query.js'
import { turnFields } from '../read-turn.js'
import { keyText, rowKey } from '../row-key.js'
import { promptFields, toTurnRecord } from '../row-values.js'
import { updateTurn } from '../update-turn.js'

const mostSteers = 32

/** What waits for the running turn, and what was taken for it and is not closed, in order. */
export async function readSteers(tables: Tables, lease: Lease): Promise<readonly TurnRecord[]> {
  const { table, columns } = tables.messages
  const rows = await query<Record<string, unknown>[]>(
    tables,
    `look for messages to turn ${lease.turnId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.conversationId, lease.conversationId))
        .whereIn(columns.status, ['pending', 'running', 'cancelled'])
        .whereNull(columns.closedAt)
        .where((row) => {
          row.whereIn(columns.status, ['pending', 'running']).orWhereNotNull(columns.promptId)
        })
        .where(columns.delivery, 'steer')
        .whereNot(columns.id, String(lease.turnId))
        .orderBy([columns.queuePosition, columns.id])
        .limit(mostSteers)
        .select({
          turn: columns.id,
          turntext: keyText(knex, columns.id),
          ...turnFields(knex, columns),
        }),
    { isRepeatable: true },
  )
  return rows.flatMap((row) => readable(row))
}

/** A damaged row must not keep the others back. */
function readable(row: Record<string, unknown>): TurnRecord[] {
  try {
    return [toTurnRecord(toRowId(row['turn'], row['turntext']), row)]
  } catch (error) {
    if (SessionError.is(error)) return []
    throw error
  }
}

/** Which message is taken, and how it is sent. */
interface TakenSteer {
  readonly turnId: RowId
  readonly prompt: PromptRecord
  /** The row as it was read; undefined for any. */
  readonly revision: number | undefined
}

/** Starts a waiting message under a lease, and stores its prompt with that: whoever goes on from there knows how it was sent. */
export async function takeSteer(
  tables: Tables,
  lease: ConversationLease,
  { turnId, prompt, revision }: TakenSteer,
): Promise<boolean> {
  const { columns } = tables.messages
  const taken: Lease = { ...lease, turnId }
  const conversation = String(lease.conversationId)
  const now = tables.clock.now()
  const isTaken = await updateTurn(tables, taken, {
    what: 'take the message',
    from: ['pending'],
    where: (row) => {
      row
        .where(columns.conversationId, conversation)
        .where(columns.delivery, 'steer')
        .where(columns.turnFence, '<', lease.fence)
      if (revision !== undefined) row.where(columns.turnRevision, revision)
    },
    set: {
      [columns.status]: 'running',
      [columns.turnFence]: lease.fence,
      [columns.pendingSince]: null,
      [columns.startedAt]: now,
      ...promptFields(columns, prompt),
    },
  })
  if (isTaken) return true
  // An attempt whose answer was lost had taken it.
  return updateTurn(tables, taken, {
    what: 'look for the message',
    isRepeatable: true,
    set: {},
    from: ['running'],
    where: (row) =>
      void row.where(columns.turnFence, lease.fence).where(columns.promptId, prompt.id),
  })
}
