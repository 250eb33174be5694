import type { TurnStatus } from '../ports.js'

/** Where a turn stands, for those who watch it. */
export interface TurnStanding {
  /**
   * `pending`: no worker has taken it. `waiting`: nor can one, until another turn of its conversation is over. `running`. `parked`: a
   * person is asked, and no worker holds it meanwhile.
   * `stopping`: a person stopped it, and its worker puts in order what there is. The others are over.
   */
  readonly state: 'pending' | 'waiting' | 'running' | 'parked' | 'stopping' | TerminalState
  /** Whether a worker of this process runs it; null when none does. */
  readonly where: 'here' | 'elsewhere' | null
}

type TerminalState = Exclude<TurnStatus, 'pending' | 'running' | 'waiting'>

export function isOver({ state }: TurnStanding): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled'
}

/** What is known of a turn, from its row and from this process. */
export interface StandingFacts {
  readonly status: TurnStatus
  readonly waitsForTurn: boolean
  readonly isHere: boolean
  /** The row is not only terminal: there is nothing that its worker may still add. */
  readonly isOver: boolean
}

export function standingOf({ status, waitsForTurn, isHere, isOver }: StandingFacts): TurnStanding {
  switch (status) {
    case 'pending':
      return { state: waitsForTurn ? 'waiting' : 'pending', where: null }
    case 'running':
      return { state: 'running', where: isHere ? 'here' : 'elsewhere' }
    case 'waiting':
      return { state: 'parked', where: null }
    case 'completed':
    case 'failed':
      return { state: status, where: null }
    case 'cancelled':
      return isOver
        ? { state: status, where: null }
        : { state: 'stopping', where: isHere ? 'here' : 'elsewhere' }
  }
}
