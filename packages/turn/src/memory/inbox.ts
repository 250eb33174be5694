import type { Clock } from '../clock.js'
import type { InboxStore, RowId } from '../ports.js'
import { assertKnown, type Names } from '../ports/known-options.js'
import { promptProblem } from '../prompt.js'
import { tell } from './notices.js'
import { toRecord } from './record.js'
import {
  conversationOf,
  isCurrent,
  isTerminal,
  type Rows,
  type Turn,
  turnOf,
  waitingIn,
} from './rows.js'

/** Who waits in the line of a turn's conversation, in order. */
export function lineOf(
  rows: Rows,
  { conversationId }: { readonly conversationId: RowId },
): readonly Turn[] {
  return turnsOf(rows, conversationId)
    .filter(({ status, position }) => status === 'pending' && position > 0)
    .toSorted((one, other) => one.position - other.position)
}

function turnsOf({ turns }: Rows, conversationId: RowId): Turn[] {
  return [...turns.values()].filter(
    (turn) => String(turn.conversationId) === String(conversationId),
  )
}

const enqueueNames: Names<Parameters<NonNullable<InboxStore['enqueue']>>[0]> = {
  conversationId: true,
  turnId: true,
  delivery: true,
  input: true,
}

/** The messages that wait for their turn. */
export function createMemoryInbox(rows: Rows, clock: Clock): Required<InboxStore> {
  return {
    async enqueue(request) {
      assertKnown('`enqueue`', request, enqueueNames)
      const { conversationId, turnId, delivery = 'queue', input = null } = request
      const problem = input === null ? null : promptProblem(input)
      if (problem !== null) throw new TypeError(problem.replace('`prompt', '`input'))
      if (delivery !== 'queue' && delivery !== 'steer') {
        throw new TypeError('`delivery` must be `queue` or `steer`')
      }
      const turn = turnOf(rows, turnId)
      if (turn === undefined || String(turn.conversationId) !== String(conversationId)) {
        return { accepted: false, reason: 'missing' }
      }
      if (turn.status !== 'pending') {
        return { accepted: false, reason: isTerminal(turn) ? 'settled' : 'taken' }
      }
      turn.input = structuredClone(input) ?? turn.input
      if (turn.input === null) return { accepted: false, reason: 'no_input' }
      const all = turnsOf(rows, conversationId)
      if (turn.position === 0) turn.position = Math.max(...all.map(({ position }) => position)) + 1
      turn.delivery = delivery
      turn.revision += 1
      const isParked = waitingIn(rows, conversationId, clock.now()) !== null
      const isRunning = ({ status }: Turn): boolean => status === 'running' && !isParked
      const running = delivery === 'steer' ? all.filter(isRunning) : []
      for (const each of running) {
        each.asksRevision += 1
        each.revision += 1
        tell(rows, each.turnId, 'steered')
      }
      return { accepted: true, delivery, steers: running.map((each) => each.turnId) }
    },

    async withdraw(turnId) {
      const turn = turnOf(rows, turnId)
      if (turn === undefined) return 'missing'
      if (turn.status === 'running' || turn.status === 'waiting') return 'taken'
      if (turn.status === 'pending') {
        const now = clock.now()
        Object.assign(turn, { status: 'cancelled', reason: 'withdrawn', settledAt: now })
        if (turn.fence === 0) turn.closedAt = now
        turn.revision += 1
        tell(rows, turnId, 'cancelled')
        return 'withdrawn'
      }
      return turn.reason === 'withdrawn' ? 'withdrawn' : 'settled'
    },

    async nextInLine(conversationId) {
      return lineOf(rows, { conversationId })[0]?.turnId ?? null
    },

    async readSteers({ conversationId, turnId }) {
      return turnsOf(rows, conversationId)
        .filter((turn) => turn.delivery === 'steer' && String(turn.turnId) !== String(turnId))
        .filter(({ closedAt, prompt, status }) => {
          const isOpen = status === 'pending' || status === 'running'
          return isOpen || (status === 'cancelled' && prompt !== null && closedAt === null)
        })
        .toSorted((one, other) => one.position - other.position)
        .map(toRecord)
    },

    async takeSteer(lease, turnId, prompt, revision = turnOf(rows, turnId)?.revision) {
      const turn = turnOf(rows, turnId)
      if (turn === undefined || !isCurrent(rows, lease)) return false
      if (
        conversationOf(rows, turn.conversationId) !== conversationOf(rows, lease.conversationId)
      ) {
        return false
      }
      if (turn.status === 'running') {
        return turn.fence === lease.fence && turn.prompt?.id === prompt.id
      }
      if (turn.status !== 'pending' || turn.delivery !== 'steer') return false
      if (turn.revision !== revision) return false
      Object.assign(turn, { status: 'running', fence: lease.fence, startedAt: clock.now() })
      turn.prompt = { ...prompt, partIds: [...prompt.partIds] }
      turn.revision += 1
      tell(rows, turnId, 'changed')
      return true
    },
  }
}
