import type { Happening } from '../events/tell.js'
import type { Notices } from '../notifying/notices.js'
import type { Lease } from '../records.js'
import { readAsks } from '../statements/asks/read-asks.js'
import { updateTurn } from '../statements/update-turn.js'
import { isWritten } from '../statements/write-turn.js'
import type { ParkRequest, ParkVerbs } from '../store/park-verbs.js'
import type { Tables } from '../tables.js'

/** @internal The verb that gives a turn that waits back. */
export function parkVerbs(tables: Tables, notices: Pick<Notices, 'notify'>): ParkVerbs {
  return {
    async park(lease, request) {
      assertTime('dueAt', request.dueAt)
      assertTime('remindAt', request.remindAt ?? null)
      const isParked = await parkTurn(tables, lease, request)
      if (isParked) notices.notify(lease.turnId, 'changed')
      return isParked
    },
  }
}

/** Only while the asks are those that were looked at: an answer that comes between is for the worker that is still there. */
async function parkTurn(
  tables: Tables,
  lease: Lease,
  { dueAt, remindAt = null }: ParkRequest,
): Promise<boolean> {
  const { columns } = tables.messages
  const row = await readAsks(tables, lease.turnId)
  const states = new Set(row?.asks.map(({ state }) => state))
  const waits = states.has('open') && !states.has('answered')
  const isMoved =
    row !== null &&
    waits &&
    (await updateTurn(tables, lease, {
      what: 'store the wait',
      from: ['running'],
      where: (turn) =>
        void turn.where(columns.turnFence, lease.fence).where(columns.asksRevision, row.revision),
      happenings: laterOnes(lease, { dueAt, remindAt }),
      set: { [columns.status]: 'waiting', [columns.dueAt]: dueAt },
    }))
  // An attempt whose answer was lost had taken effect.
  return isMoved || (await isWritten(tables, lease, 'waiting'))
}

function laterOnes(
  { turnId, conversationId, fence }: Lease,
  { dueAt, remindAt }: { readonly dueAt: number | null; readonly remindAt: number | null },
): Happening[] {
  const about = { turnId, conversationId, by: fence, reason: null, askId: null }
  const waiting = { ...about, status: 'waiting' } as const
  const isReminded = remindAt !== null && (dueAt === null || remindAt < dueAt)
  return [
    ...(isReminded ? [{ ...waiting, type: 'turn.reminder', at: remindAt } as const] : []),
    ...(dueAt === null ? [] : [{ ...waiting, type: 'turn.expired', at: dueAt } as const]),
  ]
}

function assertTime(name: string, time: number | null): void {
  if (time === null || Number.isSafeInteger(time)) return
  throw new RangeError(
    `\`${name}\` must be a whole number of milliseconds since the epoch, or null.`,
  )
}
