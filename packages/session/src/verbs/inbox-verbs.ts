import { asRowId } from '../values/asserts.js'
import { isTerminal } from '../records.js'
import type { Delivery, RowId, TurnRecord } from '../records.js'
import type { Notices } from '../notifying/notices.js'
import { cancelTurn } from '../statements/cancel-turn.js'
import { confirmTurnExists } from '../statements/confirm-turn-exists.js'
import { callRunning, enqueueTurn } from '../statements/inbox/enqueue-turn.js'
import { findFirstInLine } from '../statements/inbox/line.js'
import { readSteers, takeSteer } from '../statements/inbox/steers.js'
import { spelling } from '../statements/row-key.js'
import { readTurn } from '../statements/read-turn.js'
import type {
  EnqueueRequest,
  EnqueueResult,
  InboxVerbs,
  WithdrawResult,
} from '../store/inbox-verbs.js'
import type { Tables } from '../tables.js'
import { assertAsks, toInput } from '../values/input.js'
import { assertKnown } from '../values/known-options.js'
import type { Names } from '../values/known-options.js'
import { untilTaken } from './raced.js'

const deliveries: readonly unknown[] = ['queue', 'steer'] satisfies Delivery[]

const enqueueNames: Names<EnqueueRequest> = {
  conversationId: true,
  turnId: true,
  delivery: true,
  input: true,
}

/** @internal The verbs on messages that wait for their turn. */
export function inboxVerbs(tables: Tables, notices: Notices, randomId: () => string): InboxVerbs {
  const { clock } = tables
  return {
    enqueue: async (request) => {
      assertKnown('`enqueue`', request, enqueueNames)
      assertAsks(request.input)
      const { delivery = 'queue' } = request
      if (!deliveries.includes(delivery)) {
        throw new TypeError('`delivery` must be `queue` or `steer`.')
      }
      const conversationId = asRowId('conversationId', request.conversationId)
      const turnId = asRowId('turnId', request.turnId)
      const ids = { conversationId, turnId, delivery }
      const result = await untilTaken({ clock, row: `turn ${turnId}` }, () =>
        enqueue(tables, { ...ids, input: toInput(request.input) }),
      )
      if (!result.accepted || delivery === 'queue') return result
      const steers = await callRunning(tables, ids)
      for (const id of steers) notices.notify(id, 'steered')
      return { ...result, steers }
    },

    withdraw: async (turnId) => {
      const id = asRowId('turnId', turnId)
      const by = randomId()
      const result = await untilTaken({ clock, row: `turn ${id}` }, () => withdraw(tables, id, by))
      if (result === 'withdrawn') notices.notify(id, 'cancelled')
      return result
    },

    nextInLine: async (conversationId) =>
      (await findFirstInLine(tables, asRowId('conversationId', conversationId)))?.turnId ?? null,

    readSteers: (lease) => readSteers(tables, lease),

    takeSteer: async (lease, turnId, prompt, revision) => {
      const id = asRowId('turnId', turnId)
      const isTaken = await takeSteer(tables, lease, { turnId: id, prompt, revision })
      if (isTaken) notices.notify(id, 'changed')
      return isTaken
    },
  }
}

/** Undefined when the row changed between the write and the look. */
async function enqueue(
  tables: Tables,
  ids: Required<Pick<EnqueueRequest, 'conversationId' | 'turnId' | 'delivery'>> & {
    readonly input: string | null
  },
): Promise<EnqueueResult | undefined> {
  const { conversationId, turnId, delivery } = ids
  if (await enqueueTurn(tables, ids)) return { accepted: true, delivery, steers: [] }
  const turn = await readTurn(tables, turnId)
  const isHere = turn !== null && spelling(turn.conversationId) === spelling(conversationId)
  if (!isHere) {
    // A connection whose reads lag behind does not see a row that was inserted just now.
    const isThere = turn === null && (await confirmTurnExists(tables, { conversationId, turnId }))
    return isThere ? undefined : { accepted: false, reason: 'missing' }
  }
  if (isTaken(turn)) return { accepted: false, reason: 'taken' }
  if (isTerminal(turn.status)) return { accepted: false, reason: 'settled' }
  return turn.input === null ? { accepted: false, reason: 'no_input' } : undefined
}

async function withdraw(
  tables: Tables,
  turnId: RowId,
  by: string,
): Promise<WithdrawResult | undefined> {
  const reason = 'withdrawn'
  const cancel = { reason, now: tables.clock.now(), by, from: ['pending'] } as const
  if (await cancelTurn(tables, turnId, cancel)) return 'withdrawn'
  const turn = await readTurn(tables, turnId)
  if (turn === null) return (await confirmTurnExists(tables, { turnId })) ? undefined : 'missing'
  if (isTaken(turn)) return 'taken'
  if (turn.status === 'pending') return undefined
  return turn.status === 'cancelled' && turn.reason === reason ? 'withdrawn' : 'settled'
}

/** A turn that waits for a person is a worker's, too: it was begun. */
function isTaken({ status }: TurnRecord): boolean {
  return status === 'running' || status === 'waiting'
}
