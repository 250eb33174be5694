/** What people, other clients and the model do, one after the other. */
export type Op =
  | { readonly verb: 'post'; readonly delivery: 'queue' | 'steer' }
  /** A prompt of another client; `noReply` as a plug-in writes one. */
  | { readonly verb: 'foreign'; readonly noReply: boolean }
  | { readonly verb: 'withdraw' | 'cancel'; readonly which: number }
  /** The model goes on. */
  | { readonly verb: 'go' }

/** A message of ours. */
export interface Told {
  readonly name: string
  readonly status: 'waiting' | 'running' | 'completed' | 'cancelled' | 'withdrawn'
  /** Null while it is not over, and where any part of an answer may be there. */
  readonly text: string | null
}

/** A conversation: who waits, whose first step the model is at, and what came meanwhile. */
export interface State {
  readonly told: readonly Told[]
  readonly current: string | null
  readonly inside: readonly string[]
  readonly hasSession: boolean
  /** Whom the model was asked for, in order. */
  readonly asked: readonly string[]
  readonly foreign: number
}

export const begun: State = {
  told: [],
  current: null,
  inside: [],
  hasSession: false,
  asked: [],
  foreign: 0,
}

/** How things stand then, and what is answered. */
export interface Next {
  readonly state: State
  readonly said: string
}

export const isForeign = (name: string): boolean => name.startsWith('foreign')

export function next(state: State, op: Op): Next {
  switch (op.verb) {
    case 'post':
      return { state: post(state, op.delivery), said: 'accepted' }
    case 'foreign':
      return { state: byOther(state, op.noReply), said: '' }
    case 'go':
      return { state: goOn(state), said: '' }
    case 'withdraw':
    case 'cancel': {
      const turn = state.told[op.which % Math.max(1, state.told.length)]
      if (turn === undefined) return { state, said: '' }
      return op.verb === 'withdraw' ? withdraw(state, turn) : cancel(state, turn)
    }
  }
}

function post(state: State, delivery: 'queue' | 'steer'): State {
  const name = `turn ${state.told.length + 1}`
  const isTaken = delivery === 'steer' && state.current !== null
  const turn: Told = { name, status: isTaken ? 'running' : 'waiting', text: null }
  const told = [...state.told, turn]
  if (isTaken) return { ...state, told, inside: [...state.inside, name] }
  return begin({ ...state, told })
}

function byOther(state: State, noReply: boolean): State {
  if (!state.hasSession) return state
  const name = `foreign ${state.foreign + 1}`
  const after = { ...state, foreign: state.foreign + 1 }
  if (state.current !== null) return { ...after, inside: [...state.inside, name] }
  return noReply ? after : { ...after, asked: [...state.asked, name] }
}

/** Who is first in the line runs, when no one does. */
function begin(state: State): State {
  const first = state.told.find(({ status }) => status === 'waiting')
  if (state.current !== null || first === undefined) return state
  const { name } = first
  const asked = [...state.asked, name]
  return { ...set(state, name, 'running'), current: name, hasSession: true, asked }
}

function set(
  state: State,
  name: string,
  status: Told['status'],
  text: string | null = null,
): State {
  const told = state.told.map((each) => (each.name === name ? { ...each, status, text } : each))
  return { ...state, told }
}

const statusOf = ({ told }: State, name: string): Told['status'] | undefined =>
  told.find((each) => each.name === name)?.status

/** The model ends its first step; what came meanwhile is answered by its next one. */
function goOn(state: State): State {
  const { current, inside } = state
  if (current === null) return state
  if (inside.length > 0) return answerNewest(state, [{ name: current, text: `${current} looks.` }])
  const text = `${current} looks.\n\n${current} alone.`
  return begin({ ...set(state, current, 'completed', text), current: null })
}

/** The newest message has the answer; those before it are over with what they had. */
function answerNewest(
  state: State,
  over: readonly { readonly name: string; readonly text: string }[],
): State {
  const newest = state.inside.at(-1)
  if (newest === undefined) return begin({ ...state, current: null })
  const asked = [...state.asked, newest]
  const live = state.inside.filter((name) => statusOf(state, name) === 'running')
  const ours = [...over, ...live.map((name) => ({ name, text: '' }))]
  const isOurs = live.includes(newest)
  let after: State = { ...state, inside: [], asked, current: isOurs ? newest : null }
  const last = ours.at(-1)?.name
  for (const { name, text } of ours) {
    if (isOurs && name === newest) continue
    // What is for someone else's prompt and for one of ours is part of ours.
    const shared = isForeign(newest) && name === sharer(state, last, over) ? `${newest} says.` : ''
    const whole = [text, shared].filter((each) => each !== '').join('\n\n')
    after = set(after, name, 'completed', whole)
  }
  return isOurs ? after : begin(after)
}

/** The last of ours, unless one that was cancelled came after it: then what follows is that one's. */
function sharer(
  { inside }: State,
  last: string | undefined,
  over: readonly { readonly name: string }[],
): string | null {
  const ours = inside.filter((name) => !isForeign(name))
  const newest = ours.at(-1) ?? over.at(-1)?.name
  return newest === last ? (last ?? null) : null
}

function withdraw(state: State, { name, status }: Told): Next {
  if (status === 'waiting') return { state: set(state, name, 'withdrawn'), said: 'withdrawn' }
  const said = {
    running: 'taken',
    withdrawn: 'withdrawn',
    completed: 'settled',
    cancelled: 'settled',
  }
  return { state, said: said[status] }
}

function cancel(state: State, { name, status }: Told): Next {
  if (status !== 'waiting' && status !== 'running') return { state, said: 'false' }
  const after = set(state, name, 'cancelled')
  if (name !== state.current) return { state: after, said: 'true' }
  // What was given to its agent is asked all the same, if someone still wants it.
  const isWanted = after.inside.some((each) => statusOf(after, each) === 'running')
  if (!isWanted) return { state: begin({ ...after, current: null, inside: [] }), said: 'true' }
  return { state: answerNewest(after, []), said: 'true' }
}
