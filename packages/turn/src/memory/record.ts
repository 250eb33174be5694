import type { TurnRecord } from '../ports.js'
import { closedByEnd, waitingSince } from './asks.js'
import { type Conversation, isLeftover, type Rows, type Turn } from './rows.js'

const mostLeftovers = 8

/** Other turns of a conversation that an earlier claim left unfinished, oldest first. */
export function leftoversOf(rows: Rows, { id, fence }: Conversation): TurnRecord[] {
  return [...rows.turns.values()]
    .filter((turn) => String(turn.conversationId) === String(id) && turn.fence < fence)
    .filter(isLeftover)
    .slice(0, mostLeftovers)
    .map(toRecord)
}

/** A copy of the row: what a caller was given never changes. */
export function toRecord(row: Turn): TurnRecord {
  const { asksRevision: _asksRevision, position: _position, ...turn } = row
  return {
    ...turn,
    reply: turn.reply === null ? null : (JSON.parse(turn.reply) as unknown),
    files: turn.files === null ? null : (JSON.parse(turn.files) as unknown),
    input: structuredClone(turn.input),
    ...{ asks: structuredClone(closedByEnd(row)), waitingSince: waitingSince(row) },
  }
}
