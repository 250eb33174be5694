import type { Lease, RowId, TurnStatus } from '../../src/index.js'

interface ModelTurn {
  status: TurnStatus
  text: string | null
}

interface Claim {
  readonly fence: number
  readonly owner: string
  readonly turnId: RowId
  isReleased: boolean
  expiresAt: number
}

/** The lease rules without a database: the newest claim of a conversation is the only one that may write. */
export function createLeaseModel(
  ids: readonly { readonly conversationId: RowId; readonly turnId: RowId }[],
) {
  const turns = new Map(
    ids.map(({ turnId }): [RowId, ModelTurn] => [turnId, { status: 'pending', text: null }]),
  )
  const claims = new Map<RowId, Claim>()
  const turnOf = (turnId: RowId): ModelTurn => turns.get(turnId)!
  const newest = (lease: Lease): Claim | undefined => {
    const claim = claims.get(lease.conversationId)
    return claim?.fence === lease.fence ? claim : undefined
  }
  return {
    turnOf,
    claim: (request: {
      conversationId: RowId
      turnId: RowId
      owner: string
      now: number
      leaseMs: number
    }): number | string => {
      const { conversationId, turnId, owner, now, leaseMs } = request
      const turn = turnOf(turnId)
      const held = claims.get(conversationId)
      if (turn.status !== 'pending' && turn.status !== 'running') {
        if (held?.owner === owner && held.turnId === turnId) held.isReleased = true
        return 'settled'
      }
      const isLive = held !== undefined && !held.isReleased && held.expiresAt > now
      if (isLive && !(held.owner === owner && held.turnId === turnId)) return 'busy'
      const fence = (held?.fence ?? 0) + 1
      const expiresAt = now + leaseMs
      claims.set(conversationId, { fence, owner, turnId, isReleased: false, expiresAt })
      turn.status = 'running'
      return fence
    },
    renew: (lease: Lease, expiresAt: number): { held: boolean; status: TurnStatus } => {
      const claim = newest(lease)
      const held = claim !== undefined && !claim.isReleased
      if (held) claim.expiresAt = expiresAt
      return { held, status: turnOf(lease.turnId).status }
    },
    release: (lease: Lease): void => {
      const claim = newest(lease)
      if (claim !== undefined) claim.isReleased = true
    },
    write: (lease: Lease, from: TurnStatus, change: Partial<ModelTurn>): boolean => {
      const turn = turnOf(lease.turnId)
      if (newest(lease) === undefined || turn.status !== from) return false
      Object.assign(turn, change)
      return true
    },
    cancel: (turnId: RowId): boolean => {
      const turn = turnOf(turnId)
      if (turn.status !== 'pending' && turn.status !== 'running') return false
      turn.status = 'cancelled'
      return true
    },
  }
}
