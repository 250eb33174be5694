import type { AnswerRequest, AnswerResult, AskVerbs } from '../store/ask-verbs.js'
import { answerAmong } from '../asks/answer-among.js'
import { assertDecision } from '../asks/check-decision.js'
import { mergeAsks } from '../asks/merge-asks.js'
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
/** What a worker shows may reach a person before the row: so long an ask of a running turn is waited for. */
const looks = 30
const lookAgainMs = 100

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
      const attempt = (): Promise<AnswerResult> =>
        untilTaken({ clock, row: `turn ${turnId}` }, () =>
          answer(tables, { ...request, turnId, by }),
        )
      const first = await attempt()
      const isAhead = !first.accepted && first.reason === 'missing'
      const result = isAhead && (await isStored(tables, request)) ? await attempt() : first
      if (result.accepted) notices.notify(turnId, 'answered')
      return result
    },
  }
}

/** Waits for an ask that a running turn does not have yet. */
async function isStored(
  tables: Tables,
  { turnId, askId }: Pick<AnswerRequest, 'turnId' | 'askId'>,
): Promise<boolean> {
  for (let look = 0; look < looks; look += 1) {
    const row = await readAsks(tables, turnId)
    if (row?.asks.some(({ id }) => id === askId) === true) return true
    if (row?.status !== 'running') return false
    await tables.clock.sleep(lookAgainMs)
  }
  return false
}

/** Undefined when another write came between. */
async function answer(
  tables: Tables,
  { turnId, askId, decision, by }: AnswerRequest & { readonly by: string | null },
): Promise<AnswerResult | undefined> {
  const row = await readAsks(tables, turnId)
  if (row === null) return { accepted: false, reason: 'missing', ask: null }
  const { result, asks } = answerAmong(row, { askId, decision, by }, tables.clock.now())
  const seenRevision = row.revision
  if (!result.accepted) {
    if (result.reason !== 'missing') return result
    // Whoever answers has seen the ask; the connection's reads may lag behind.
    return (await confirmAsks(tables, turnId, seenRevision)) ? result : undefined
  }
  const write = { asks, seenRevision, before: row.asks, askId, seen: row }
  return (await writeAnswer(tables, turnId, write)) ? result : undefined
}

/** Whether the turn runs under this lease; `unseen` when what was read is older than the lease. */
async function standingOf(
  tables: Tables,
  lease: Lease,
  row: AsksRow | null,
): Promise<'ours' | 'lost' | 'unseen'> {
  if (row === null) return (await confirmTurnExists(tables, lease)) ? 'unseen' : 'lost'
  if (isTerminal(row.status) || Math.max(row.fence, row.newestFence) > lease.fence) return 'lost'
  // This lease has parked it.
  if (row.status === 'waiting' && row.fence === lease.fence) return 'lost'
  const isSeen = row.fence === lease.fence && row.newestFence === lease.fence
  return isSeen && row.status === 'running' ? 'ours' : 'unseen'
}
