import type { ReasoningPart, ReplyPart, ReplyView, TextPart } from '@turnstead/reply'
import { describeTool } from '@turnstead/reply/tool-display'
import type { TurnRecord } from '@turnstead/turn'
import type { TurnStanding } from '@turnstead/turn/live'
import type { Standing } from '../views/turn.js'
import { hasHole } from './without-holes.js'

/** What is known of a turn that is not over. */
export interface ActivityFacts {
  readonly state: TurnStanding['state']
  readonly view: ReplyView
  readonly asks: TurnRecord['asks']
  /** What is wrong with OpenCode; null while nothing is. */
  readonly trouble: string | null
  /** An earlier turn of its conversation is not over. */
  readonly isBehind: boolean
  /** It is to reach the agent in the middle of that. */
  readonly isSteer: boolean
  /** Its worker shows no sign of life. */
  readonly isSilent: boolean
  /** The rows do not answer. */
  readonly isDatabaseAway: boolean
}

/** Where a turn stands, in the reader's words. */
export function activityOf(facts: ActivityFacts): Standing {
  const { state, view, asks, trouble, isBehind, isSteer, isSilent, isDatabaseAway } = facts
  if (isDatabaseAway) return warn(databaseAway)
  if (state === 'stopping') return calm('Stopping')
  if (state === 'waiting' || (state === 'pending' && isBehind)) {
    return { ...calm(isSteer ? inside : 'Waiting for the answer before it'), isWaiting: true }
  }
  if (trouble !== null) return warn(trouble)
  if (state === 'pending') return calm('Waiting to start')
  if (isSilent && state === 'running') return warn(silent)
  if (view.asks.some((ask) => ask.state === 'open')) return warn(waitingWords(view, asks))
  if (state === 'parked') return warn(waitingWords(view, asks))
  if (view.status === 'retry') return warn('The model’s provider failed. OpenCode tries again')
  return calm(workOf(view, isSteer))
}

const inside = 'Reaches the agent with its next step'
const databaseAway =
  'The database does not answer. What you see is kept, and goes on when it is back'
const silent = 'Its worker is silent. Another one goes on with it in a moment'
const missed = 'A piece was missed on the way. What is being written is shown when it is complete'

/** A question that the server lost is asked again; who had it on the page shall know why it is there a second time. */
function waitingWords(view: ReplyView, asks: TurnRecord['asks']): string {
  // The row of a turn that runs here is not read again; its reply knows.
  const isLost = hasLostAsk(asks) || view.asks.some(({ state }) => state === 'expired')
  const isOpen = view.asks.some(({ state }) => state === 'open')
  return isLost && isOpen
    ? 'Waiting for your answer. OpenCode was restarted meanwhile, so the agent asks again'
    : 'Waiting for your answer'
}

/** A question of the agent went away without an answer. Of a turn that was stopped that is true of every open one. */
export function hasLostAsk(asks: TurnRecord['asks']): boolean {
  return asks?.some(({ state, decision }) => state === 'closed' && decision === null) === true
}

function workOf(view: ReplyView, isSteer: boolean): string {
  if (view.messages.length === 0 && view.parts.length === 0) return isSteer ? inside : 'Starting'
  const last = view.parts.findLast(
    (part) =>
      part.kind === 'tool' || (isText(part) && ((!part.final && !part.lost) || hasHole(part))),
  )
  // Heard by a worker that is no more, say. OpenCode gives a text again only when it is complete.
  if (isText(last) && hasHole(last)) return missed
  if (last?.kind === 'text') return 'Writing'
  const isAtWork = last?.kind === 'tool' && (last.status === 'pending' || last.status === 'running')
  return isAtWork ? `Working: ${describeTool(last).noun}` : 'Thinking'
}

function isText(part: ReplyPart | undefined): part is TextPart | ReasoningPart {
  return part?.kind === 'text' || part?.kind === 'reasoning'
}

const calm = (text: string): LiveStanding => ({ kind: 'live', tone: 'calm', text })
type LiveStanding = Extract<Standing, { kind: 'live' }>
const warn = (text: string): LiveStanding => ({ kind: 'live', tone: 'warn', text })
