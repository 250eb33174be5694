import type { AskRecord } from '../ask-records.js'
import type { AnswerRequest, AnswerResult, AskVerbs } from '../ask-verbs.js'
import { assertDecision, assertFits } from '../asks/check-decision.js'
import { closedByEnd, decideAsk, mergeAsks } from '../asks/merge-asks.js'
import { asRowId, assertName } from '../values/asserts.js'
import { isTerminal } from '../records.js'
import type { Notices } from '../notifying/notices.js'
import type { Lease } from '../records.js'
import { confirmTurnExists } from '../statements/confirm-turn-exists.js'
import { readAsks } from '../statements/asks/read-asks.js'
import type { AsksRow } from '../statements/asks/read-asks.js'
import { confirmAsks, writeAnswer, writeAsks } from '../statements/asks/write-asks.js'
import type { Tables } from '../tables.js'
import { untilTaken } from './raced.js'

const longestName = 255

/** @internal The verbs on what the agent asks: read, merge, and write if nothing came between. */
export function askVerbs(tables: Tables, notices: Pick<Notices, 'notify'>): AskVerbs {
  const { clock } = tables
  return {
    updateAsks: (lease, changes) =>
      untilTaken({ clock, row: `turn ${lease.turnId}` }, async () => {
        const row = await readAsks(tables, lease.turnId)
        const standing = await standingOf(tables, lease, row)
        if (standing !== 'ours' || row === null) return standing === 'unseen' ? undefined : null
        const asks = mergeAsks(row.asks, changes, clock.now())
        if (asks === row.asks) return asks
        const isWritten = await writeAsks(tables, lease, {
          asks,
          seenRevision: row.revision,
          before: row.asks,
        })
        if (!isWritten) return undefined
        notices.notify(lease.turnId, 'changed')
        return asks
      }),

    answerAsk: async (request) => {
      const { decision, by = null } = request
      const turnId = asRowId('turnId', request.turnId)
      assertDecision(decision)
      if (by !== null) assertName('by', by, longestName)
      const result = await untilTaken({ clock, row: `turn ${turnId}` }, () =>
        answer(tables, { ...request, turnId, by }),
      )
      if (result.accepted) notices.notify(turnId, 'answered')
      return result
    },
  }
}

/** Undefined when another write came between. */
async function answer(
  tables: Tables,
  { turnId, askId, decision, by }: AnswerRequest & { readonly by: string | null },
): Promise<AnswerResult | undefined> {
  const row = await readAsks(tables, turnId)
  const ask = find(row?.asks ?? [], askId)
  if (row === null) return refuse('missing', null)
  if (ask === null) {
    // Whoever answers has seen the ask; the connection's reads may lag behind.
    return (await confirmAsks(tables, turnId, row.revision)) ? refuse('missing', null) : undefined
  }
  assertFits(decision, ask)
  const refusal = refusalOf(row, ask)
  if (refusal !== null) return refuse(refusal, asOf(row, askId))
  const decided = { decision, by, rule: null }
  const asks = decideAsk(row.asks, askId, decided, tables.clock.now())
  const answered = find(asks, askId) ?? ask
  const isWritten = await writeAnswer(tables, turnId, {
    asks,
    seenRevision: row.revision,
    before: row.asks,
  })
  return isWritten ? { accepted: true, ask: answered } : undefined
}

/** Whether the turn runs under this lease; `unseen` when what was read is older than the lease. */
async function standingOf(
  tables: Tables,
  lease: Lease,
  row: AsksRow | null,
): Promise<'ours' | 'lost' | 'unseen'> {
  if (row === null) return (await confirmTurnExists(tables, lease)) ? 'unseen' : 'lost'
  if (isTerminal(row.status) || Math.max(row.fence, row.newestFence) > lease.fence) return 'lost'
  const isSeen = row.fence === lease.fence && row.newestFence === lease.fence
  return isSeen && row.status === 'running' ? 'ours' : 'unseen'
}

type Refusal = Extract<AnswerResult, { accepted: false }>['reason']

function refusalOf({ status }: AsksRow, { state }: AskRecord): Refusal | null {
  if (state === 'answered' || state === 'sent') return 'answered'
  if (isTerminal(status)) return 'settled'
  if (state === 'closed') return 'closed'
  // A row that the host has put back to `pending`: no one would send the answer.
  return status === 'running' ? null : 'closed'
}

function refuse(reason: Refusal, ask: AskRecord | null): AnswerResult {
  return { accepted: false, reason, ask }
}

function asOf({ asks, status, settledAt }: AsksRow, askId: string): AskRecord | null {
  return find(isTerminal(status) ? closedByEnd(asks, settledAt) : asks, askId)
}

function find(asks: readonly AskRecord[], askId: string): AskRecord | null {
  return asks.find(({ id }) => id === askId) ?? null
}
