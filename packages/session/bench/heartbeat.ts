import { createSessionStore } from '../src/index.js'
import type { ConversationLease } from '../src/index.js'
import { openPostgres } from './measure.js'
import type { Figure } from './measure.js'

const turns = 500

/** Statements that renewing the leases of 500 running turns takes, which a process does once a beat. */
export async function heartbeatStatements(): Promise<readonly Figure[]> {
  const rows = await openPostgres()
  if (rows === null) return []
  const { knex } = rows
  try {
    const ids = Array.from({ length: turns }, (_, index) => index + 1)
    await knex('conversations').insert(
      ids.map((id) => ({ id, turn_fence: 1, turn_owner: 'w', turn_expires_at: 1 })),
    )
    await knex('messages').insert(
      ids.map((id) => ({ id, conversation_id: id, turn_status: 'running' })),
    )
    const leases = ids.map((id): ConversationLease => ({
      conversationId: id,
      turnId: id,
      owner: 'w',
      fence: 1,
      expiresAt: 1,
    }))
    const store = createSessionStore({ knex })
    let statements = 0
    knex.on('query', () => (statements += 1))
    const renewals = await store.renewAll(leases, { leaseMs: 30_000 })
    if (renewals.some((renewal) => renewal?.held !== true)) throw new Error('every lease is held')
    return [
      {
        name: 'session.heartbeat.statements_per_beat_500',
        value: statements,
        unit: 'statements',
        better: 'lower',
      },
    ]
  } finally {
    await rows.close()
  }
}
