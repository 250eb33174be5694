import type { RowId, Lease, Renewal, TurnStatus } from '../../src/index.js'

interface ModelTurn {
  readonly conversationId: RowId
  status: TurnStatus
  text: string | null
  fence: number
  hasPrompt: boolean
  isClosed: boolean
  startedAt: number
  settledAt: number
  pendingSince: number | null
}

interface Claim {
  readonly fence: number
  readonly owner: string
  readonly life: number
  readonly turnId: RowId
  isReleased: boolean
  expiresAt: number
}

interface Ids {
  readonly conversationId: RowId
  readonly turnId: RowId
}

/** The lease rules without a database: the newest claim of a conversation is the only one that may write. */
export function createLeaseModel(ids: readonly Ids[]) {
  const turns = new Map(ids.map((each): [RowId, ModelTurn] => [each.turnId, newTurn(each)]))
  const claims = new Map<RowId, Claim>()
  const turnOf = (turnId: RowId): ModelTurn => turns.get(turnId)!
  const newest = (lease: Lease): Claim | undefined => {
    const claim = claims.get(lease.conversationId)
    return claim?.fence === lease.fence ? claim : undefined
  }
  const isOver = ({ status }: ModelTurn): boolean => status !== 'pending' && status !== 'running'
  const isLeftover = (turn: ModelTurn): boolean =>
    turn.status === 'running' || (isOver(turn) && turn.hasPrompt && !turn.isClosed)
  const isOurs = (lease: Lease): boolean =>
    newest(lease) !== undefined && turnOf(lease.turnId).fence === lease.fence
  return {
    turnOf,
    claim: (request: Ids & { owner: string; life: number; now: number; leaseMs: number }) => {
      const { conversationId, turnId, owner, life, now, leaseMs } = request
      const turn = turnOf(turnId)
      const held = claims.get(conversationId)
      const isEarlierLife = held?.owner === owner && held.turnId === turnId && held.life !== life
      if (isOver(turn)) {
        if (held !== undefined && isEarlierLife) held.isReleased = true
        return { reason: 'settled', heldUntil: null, sameOwner: false }
      }
      if (held !== undefined && !held.isReleased && held.expiresAt > now) {
        const heldUntil = isEarlierLife ? held.expiresAt - leaseMs * 0.7 : held.expiresAt
        if (heldUntil > now) {
          return { reason: 'busy', heldUntil, sameOwner: held.owner === owner }
        }
      }
      const fence = (held?.fence ?? 0) + 1
      const expiresAt = now + leaseMs
      claims.set(conversationId, { fence, owner, life, turnId, isReleased: false, expiresAt })
      if (turn.status === 'pending') turn.startedAt = now
      Object.assign(turn, { status: 'running', fence })
      const leftovers = [...turns]
        .filter(([, each]) => each.conversationId === conversationId && each !== turn)
        .filter(([, each]) => isLeftover(each))
        .toSorted(([, one], [, other]) => one.startedAt - other.startedAt)
        .map(([leftTurnId]) => leftTurnId)
      return { fence, leftovers }
    },
    renew: (lease: Lease, expiresAt: number): Renewal => {
      const claim = newest(lease)
      const held = claim !== undefined && !claim.isReleased
      if (held) claim.expiresAt = expiresAt
      return { held, status: turnOf(lease.turnId).status, asksRevision: 0 }
    },
    release: (lease: Lease): void => {
      const claim = newest(lease)
      if (claim !== undefined) claim.isReleased = true
    },
    adopt: (lease: Lease, turnId: RowId): boolean => {
      const turn = turnOf(turnId)
      const isHere = turn.conversationId === lease.conversationId
      if (newest(lease) === undefined || !isHere || !isLeftover(turn)) return false
      turn.fence = lease.fence
      return true
    },
    write: (lease: Lease, from: TurnStatus, change: Partial<ModelTurn>): boolean => {
      const turn = turnOf(lease.turnId)
      if (!isOurs(lease) || turn.status !== from) return false
      Object.assign(turn, change)
      return true
    },
    /** Says yes to its own end again, also when the conversation has gone on. */
    settle: (lease: Lease, text: string, now: number): boolean => {
      const turn = turnOf(lease.turnId)
      if (isOurs(lease) && turn.status === 'running') {
        Object.assign(turn, { status: 'completed', text, settledAt: now })
        return true
      }
      return turn.fence === lease.fence && turn.status === 'completed'
    },
    close: (lease: Lease): boolean => {
      const turn = turnOf(lease.turnId)
      if (!isOurs(lease) || !isOver(turn)) return false
      turn.isClosed = true
      return true
    },
    cancel: (turnId: RowId, now: number): boolean => {
      const turn = turnOf(turnId)
      if (isOver(turn)) return false
      turn.isClosed = turn.status === 'pending'
      Object.assign(turn, { status: 'cancelled', settledAt: now })
      return true
    },
    /** Frees what expired long ago, and reports what no one holds; changes no turn. */
    sweep: (now: number, ms: number) => {
      const freed = [...claims].flatMap(([conversationId, claim]) => {
        if (claim.isReleased || claim.expiresAt >= now - ms) return []
        claim.isReleased = true
        return [conversationId]
      })
      const isHeld = ({ conversationId }: ModelTurn): boolean => {
        const claim = claims.get(conversationId)
        return claim !== undefined && !claim.isReleased && claim.expiresAt > now
      }
      const which = (is: (turn: ModelTurn) => boolean): RowId[] =>
        [...turns].flatMap(([turnId, turn]) => (!isHeld(turn) && is(turn) ? [turnId] : []))
      for (const turn of turns.values()) {
        if (turn.status === 'pending') turn.pendingSince ??= now
      }
      return {
        freed,
        stranded: which(({ status }) => status === 'running'),
        pending: which(
          ({ status, pendingSince }) =>
            status === 'pending' && pendingSince !== null && pendingSince <= now - ms,
        ),
        unclosed: which(
          (turn) => isOver(turn) && turn.hasPrompt && !turn.isClosed && turn.settledAt < now - ms,
        ),
      }
    },
    remove: (conversationId: RowId, now: number): number => {
      let cancelled = 0
      for (const turn of turns.values()) {
        if (turn.conversationId !== conversationId) continue
        if (!isOver(turn)) {
          Object.assign(turn, { status: 'cancelled', settledAt: now })
          cancelled += 1
        }
        turn.isClosed = true
      }
      const held = claims.get(conversationId)
      claims.set(conversationId, {
        fence: (held?.fence ?? 0) + 1,
        owner: '',
        life: -1,
        turnId: '',
        isReleased: true,
        expiresAt: 0,
      })
      return cancelled
    },
  }
}

function newTurn({ conversationId }: Ids): ModelTurn {
  return {
    conversationId,
    status: 'pending',
    text: null,
    fence: 0,
    hasPrompt: false,
    isClosed: false,
    startedAt: 0,
    settledAt: 0,
    pendingSince: null,
  }
}
