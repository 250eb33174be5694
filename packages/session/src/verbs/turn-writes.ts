import type { TurnNotice } from '../notifying/port.js'
import type { Notices } from '../notifying/notices.js'
import type { RowId } from '../records.js'
import type { SessionStore } from '../session-store.js'
import { cancelTurn } from '../statements/cancel-turn.js'
import { closeTurn } from '../statements/close-turn.js'
import { giveBackTurn } from '../statements/give-back-turn.js'
import { promptFields, snapshotFields } from '../statements/row-values.js'
import { writeTurn } from '../statements/write-turn.js'
import type { Tables } from '../tables.js'
import { asRowId } from '../values/asserts.js'
import { keepPartial, settleTurn } from './settle-turn.js'

type TurnWrites = Pick<
  SessionStore,
  | 'giveBack'
  | 'recordPrompt'
  | 'snapshot'
  | 'settle'
  | 'keepPartial'
  | 'closeTurn'
  | 'cancel'
  | 'watch'
>

/** @internal The writes to a turn's row, and what others hear of them. */
export function turnWrites(tables: Tables, notices: Notices, randomId: () => string): TurnWrites {
  const { clock } = tables
  const { columns } = tables.messages
  /** Tells what a write did, if it did it. */
  const telling = async (
    turnId: RowId,
    type: TurnNotice['type'],
    writing: Promise<boolean>,
  ): Promise<boolean> => {
    const isWritten = await writing
    if (isWritten) notices.notify(turnId, type)
    return isWritten
  }
  return {
    giveBack: async (lease) => telling(lease.turnId, 'changed', giveBackTurn(tables, lease)),

    recordPrompt: async (lease, prompt, spent) =>
      writeTurn(tables, lease, {
        what: 'store the prompt',
        from: 'running',
        set: promptFields(columns, prompt, spent),
      }),

    snapshot: async (lease, fields) => {
      const write = {
        what: 'store a snapshot',
        from: 'running',
        set: snapshotFields(columns, fields),
      } as const
      return telling(lease.turnId, 'changed', writeTurn(tables, lease, write))
    },

    settle: async (lease, settlement) =>
      telling(lease.turnId, 'settled', settleTurn(tables, lease, settlement)),

    keepPartial: async (lease, fields) =>
      telling(lease.turnId, 'settled', keepPartial(tables, lease, fields)),

    // Who follows a cancelled turn waits for it: only now has its worker kept what there was.
    closeTurn: async (lease, { files } = {}) =>
      telling(lease.turnId, 'settled', closeTurn(tables, lease, clock.now(), files)),

    cancel: async ({ turnId, reason = null }) => {
      const id = asRowId('turnId', turnId)
      return telling(
        id,
        'cancelled',
        cancelTurn(tables, id, { reason, now: clock.now(), by: randomId() }),
      )
    },

    watch: (turnId, wake) => notices.watch(asRowId('turnId', turnId), wake),
  }
}
