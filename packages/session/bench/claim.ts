import pg from 'pg'
import { createSessionStore } from '../src/index.js'
import { median, openPostgres, rounded } from './measure.js'
import type { Figure } from './measure.js'

const rounds = 300
const warmUps = 50
const leaseMs = 30_000

/**
 * A claim against its own two statements, written by hand for the bare driver, by turns on the same tables, so that a busy
 * moment of the machine meets both. Both read what the claim gives: the whole row, and what was left.
 */
export async function claimAgainstSql(): Promise<readonly Figure[]> {
  const rows = await openPostgres()
  if (rows === null) return []
  const client = new pg.Client({ connectionString: rows.database.url })
  await client.connect()
  try {
    const store = createSessionStore({ knex: rows.knex })
    const ours: number[] = []
    const bare: number[] = []
    for (let round = 0; round < rounds + warmUps; round += 1) {
      const ids = [await newTurn(rows), await newTurn(rows)] as const
      const from = performance.now()
      const claim = await store.claim({
        ...ids[0],
        owner: 'worker',
        leaseMs,
        input: { text: 'Hi' },
      })
      const between = performance.now()
      const byHand = await claimByHand(client, ids[1])
      const to = performance.now()
      if (!claim.claimed || !byHand) throw new Error('both claims are granted')
      if (round < warmUps) continue
      ours.push(between - from)
      bare.push(to - between)
    }
    return [
      {
        name: 'session.claim.vs_bare_sql',
        value: rounded(median(ours) / median(bare), 2),
        unit: 'ratio',
        better: 'lower',
      },
    ]
  } finally {
    await client.end()
    await rows.close()
  }
}

type Ids = Awaited<ReturnType<typeof newTurn>>

async function newTurn(rows: NonNullable<Awaited<ReturnType<typeof openPostgres>>>) {
  const conversationId = await rows.insertConversation()
  return { conversationId, turnId: await rows.insertTurn(conversationId) }
}

async function claimByHand(client: pg.Client, { conversationId, turnId }: Ids): Promise<boolean> {
  const now = Date.now()
  const taken = await client.query(
    `update conversations c
     set turn_fence = greatest(c.turn_fence, m.turn_fence) + 1, turn_owner = $3,
       turn_instance = $4, turn_id = m.id::text, turn_expires_at = $5
     from messages m
     where m.id = $2 and c.id = $1 and m.conversation_id = c.id
       and m.turn_status in ('pending', 'running')
       and (c.turn_owner is null or c.turn_expires_at <= $6)
     returning c.turn_fence, c.opencode_session_id`,
    [conversationId, turnId, 'worker', `hand ${now}`, now + leaseMs, now],
  )
  const fence = Number(taken.rows[0]?.turn_fence)
  const started = await client.query(
    `with begun as (
       update messages
       set turn_status = 'running', turn_fence = $3, turn_pending_since = null,
         turn_started_at = coalesce(turn_started_at, $4), turn_input = coalesce(turn_input, $5),
         turn_revision = turn_revision + 1
       where id = $2 and conversation_id = $1 and turn_fence < $3
         and turn_status in ('pending', 'running')
         and exists (select 1 from conversations where id = $1 and turn_fence = $3)
       returning *
     )
     select *, false as leftover from begun
     union all
     (select *, true from messages
      where conversation_id = $1 and turn_fence < $3 and turn_closed_at is null
        and turn_status in ('running', 'completed', 'failed', 'cancelled')
        and (turn_status = 'running' or turn_prompt_id is not null)
      order by turn_started_at, id limit 9)`,
    [conversationId, turnId, fence, now, JSON.stringify({ text: 'Hi' })],
  )
  return started.rows.length === 1
}
