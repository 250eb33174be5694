import type { TurnStatus } from '../../src/index.js'

export const leaseMs = 1_000
/** So much a worker is ahead for which every lease has run out. */
export const laterMs = 3_600_000
/** What a restarted owner waits of a lease that it may have left itself. */
const ownShare = 0.3

/** What someone does, with all that it depends on. `later` is after every lease. */
export type Op =
  | {
      readonly verb: 'claim'
      readonly owner: string
      readonly life: string
      readonly isLater: boolean
    }
  | {
      readonly verb: 'release' | 'giveBack' | 'recordPrompt' | 'ask' | 'close'
      readonly fence: number
    }
  | {
      readonly verb: 'settle'
      readonly fence: number
      readonly status: 'completed' | 'failed'
      readonly isLater: boolean
    }
  | { readonly verb: 'answer'; readonly by: string }
  | { readonly verb: 'cancel' | 'putBack' | 'sweep' }
  | { readonly verb: 'advance'; readonly ms: number }

interface Holder {
  readonly owner: string
  readonly life: string
  readonly expiresAt: number
}

/** One conversation with one turn, and what has to be told of it. */
export interface LifeState {
  readonly now: number
  readonly status: TurnStatus
  /** Of the conversation, and of the turn. */
  readonly fence: number
  readonly turnFence: number
  readonly holder: Holder | null
  readonly isPrompted: boolean
  readonly isClosed: boolean
  readonly settledAt: number
  readonly ask: 'none' | 'open' | 'answered'
  readonly answeredBy: string | null
  readonly events: readonly string[]
}

export const begun: LifeState = {
  now: 1_000_000,
  status: 'pending',
  fence: 0,
  turnFence: 0,
  holder: null,
  isPrompted: false,
  isClosed: false,
  settledAt: 0,
  ask: 'none',
  answeredBy: null,
  events: [],
}

/** What several reads say while others write. */
export const anything = 'anything'

/** What a verb says, and how things stand then. */
export interface Outcome {
  readonly said: string
  readonly state: LifeState
}

/** What may come of it. More than one thing where a claim, which is several statements, has another beside it. */
export function outcomesOf(state: LifeState, op: Op, isAlone: boolean): readonly Outcome[] {
  const say = (said: unknown, change: Partial<LifeState> = {}): Outcome[] => [
    { said: String(said), state: { ...state, ...change } },
  ]
  const { status, fence, turnFence } = state
  const isOver = status !== 'pending' && status !== 'running'
  const isOurs = 'fence' in op && op.fence === fence && op.fence === turnFence
  switch (op.verb) {
    case 'claim':
      return isAlone ? [claim(state, op)] : [claim(state, op), ...besideOthers(state, op)]
    case 'release':
      return say('released', op.fence === fence ? { holder: null } : {})
    case 'giveBack': {
      const isPossible = isOurs && status === 'running' && !state.isPrompted
      if (isPossible) return say(true, { status: 'pending' })
      return say(isOurs && status === 'pending')
    }
    case 'recordPrompt': {
      const isWritten = isOurs && status === 'running'
      return say(isWritten, isWritten ? { isPrompted: true } : {})
    }
    case 'ask': {
      if (isOver || Math.max(fence, turnFence) > op.fence) return say('lost')
      // A row that the host has put back is not the one that this worker knows.
      if (!isOurs || status !== 'running') return say('row_contended')
      if (state.ask !== 'none') return say('asked')
      const events = [...state.events, `asked ${state.now}`, `waiting ${state.now}`]
      return say('asked', { ask: 'open', events })
    }
    case 'settle': {
      if (isOurs && status === 'running') return say(true, end(state, op.status, op.isLater))
      return say(turnFence === op.fence && status === op.status)
    }
    case 'close': {
      const isWritten = isOurs && isOver
      return say(isWritten, isWritten ? { isClosed: true } : {})
    }
    case 'answer': {
      if (state.ask === 'none') return say('missing')
      if (state.ask === 'answered') return say('answered')
      if (isOver) return say('settled')
      if (status !== 'running') return say('closed')
      return say('accepted', { ask: 'answered', answeredBy: op.by })
    }
    case 'cancel': {
      if (isOver) return say(false)
      const isClosed = turnFence === 0 ? true : state.isClosed
      return say(true, { ...end(state, 'cancelled', false), isClosed })
    }
    case 'putBack':
      if (!isOver) return say('not over')
      return say('back', { status: 'pending', isClosed: false, settledAt: 0 })
    case 'sweep':
      return say(isAlone ? found(state) : anything)
    case 'advance':
      return say('advanced', { now: state.now + op.ms })
  }
}

function claim(state: LifeState, op: Extract<Op, { verb: 'claim' }>): Outcome {
  const { holder, status } = state
  const now = state.now + (op.isLater ? laterMs : 0)
  const isOwnEarlier = holder !== null && holder.owner === op.owner && holder.life !== op.life
  if (status !== 'pending' && status !== 'running') {
    return { said: 'settled', state: isOwnEarlier ? { ...state, holder: null } : state }
  }
  const heldUntil =
    holder === null ? 0 : holder.expiresAt - (isOwnEarlier ? leaseMs * (1 - ownShare) : 0)
  if (holder !== null && heldUntil > now) return { said: 'busy', state }
  const fence = Math.max(state.fence, state.turnFence) + 1
  const taken = { owner: op.owner, life: op.life, expiresAt: now + leaseMs }
  return {
    said: `claimed ${fence}`,
    state: { ...state, fence, turnFence: fence, holder: taken, status: 'running' },
  }
}

/**
 * A claim finds the conversation busy for a moment in which another had it; or it has it itself, has perhaps begun, and
 * then finds that the turn is over or that another came, and leaves the fence raised; or it finds the turn changed under
 * it and put back, and takes it at the second try.
 */
function besideOthers(state: LifeState, op: Extract<Op, { verb: 'claim' }>): readonly Outcome[] {
  const raised = { ...state, fence: Math.max(state.fence, state.turnFence) + 1, holder: null }
  const isOver = state.status !== 'pending' && state.status !== 'running'
  const started: LifeState = isOver
    ? raised
    : { ...raised, turnFence: raised.fence, status: 'running' }
  return [
    { said: 'busy', state },
    { said: 'busy', state: raised },
    { said: 'settled', state: raised },
    { said: 'settled', state: started },
    claim(raised, op),
  ]
}

function end(state: LifeState, status: TurnStatus, isLater: boolean): Partial<LifeState> {
  const settledAt = state.now + (isLater ? laterMs : 0)
  const events = [...state.events, `ended ${status} ${settledAt}`]
  return { status, settledAt, events }
}

/** What a sweep reports: nobody holds the conversation, and something is left to do. */
function found(state: LifeState): string {
  const { holder, isClosed, isPrompted, now, settledAt, status } = state
  if (holder !== null && holder.expiresAt > now) return 'nothing'
  if (status === 'running') return 'stranded'
  const isOver = status !== 'pending'
  return isOver && isPrompted && !isClosed && settledAt < now - 1 ? 'unclosed' : 'nothing'
}
