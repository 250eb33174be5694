import type { OutboxStore as StoredOutbox } from '@turnstead/session/outbox'
import type { Clock, TurnStatus } from '../../src/index.js'
import type { OutboxEvent } from '../../src/outbox.js'

interface Row {
  event: OutboxEvent
  dueAt: number | null
  deliveredAt: number | null
  deadAt: number | null
}

/** An outbox without a database, which tests write into. */
export interface MemoryOutbox extends StoredOutbox {
  write(turnId: string, status?: TurnStatus): void
}

export function createMemoryOutbox(clock: Pick<Clock, 'now'>): MemoryOutbox {
  const rows = new Map<string, Row>()
  const open = (): Row[] => [...rows.values()].filter(({ dueAt }) => dueAt !== null)
  return {
    write(turnId, status = 'completed') {
      const id = `evt_${turnId}`
      if (rows.has(id)) return
      const at = clock.now()
      const about = { type: 'turn.ended', turnId, conversationId: 'c', at, status } as const
      const event = { id, ...about, reason: null, askId: null, attempts: 0 }
      rows.set(id, { event, dueAt: at, deliveredAt: null, deadAt: null })
    },
    async take({ limit, leaseMs }) {
      const now = clock.now()
      const due = open().filter(({ dueAt }) => (dueAt ?? Infinity) <= now)
      const taken = due
        .toSorted((left, right) => (left.dueAt ?? 0) - (right.dueAt ?? 0))
        .slice(0, limit)
      for (const row of taken) row.dueAt = now + leaseMs
      return taken.map(({ event }) => event)
    },
    async delivered(id) {
      const row = rows.get(id)
      if (row !== undefined) Object.assign(row, { dueAt: null, deliveredAt: clock.now() })
    },
    async failed(id, { retryInMs }) {
      const row = rows.get(id)
      if (row === undefined || row.deliveredAt !== null) return
      const now = clock.now()
      row.event = { ...row.event, attempts: row.event.attempts + 1 }
      row.dueAt = retryInMs === null ? null : now + retryInMs
      row.deadAt = retryInMs === null ? now : null
    },
    async replay(ids) {
      const dead = [...rows.values()].filter(
        ({ deadAt, event }) => deadAt !== null && (ids?.includes(event.id) ?? true),
      )
      for (const row of dead) {
        row.event = { ...row.event, attempts: 0 }
        Object.assign(row, { deadAt: null, dueAt: clock.now() })
      }
      return dead.length
    },
    async prune({ olderThanMs, limit }) {
      const before = clock.now() - olderThanMs
      const old = [...rows].filter(([, row]) => (row.deliveredAt ?? Infinity) < before)
      for (const [id] of old.slice(0, limit)) rows.delete(id)
      return Math.min(old.length, limit)
    },
    async count() {
      const pending = open()
      const dead = [...rows.values()].filter(({ deadAt }) => deadAt !== null).length
      const oldest = Math.min(clock.now(), ...pending.map(({ event }) => event.at))
      return { pending: pending.length, dead, oldestMs: clock.now() - oldest }
    },
  }
}
