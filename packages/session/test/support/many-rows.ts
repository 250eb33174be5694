import type { Knex } from 'knex'

/** The conversation that has a tenth of all rows. */
export const longConversation = 1

/**
 * A host that has run for long: conversations of ten messages and one of very many, every second a turn, nearly all of
 * them over and closed.
 */
export async function insertManyRows(knex: Knex, count: number): Promise<void> {
  const conversations = Math.max(10, Math.floor(count / 10))
  await double(knex, 'conversations', conversations, { title: 'A title' })
  await double(knex, 'messages', count, { conversation_id: longConversation })
  const spread = `case when id % 10 = 0 then ${longConversation} else 2 + id % ${conversations - 1} end`
  await knex('messages').update({ conversation_id: knex.raw(spread) })
  await knex('messages').whereRaw('id % 2 = 0').update({
    turn_status: 'completed',
    turn_fence: 1,
    turn_prompt_id: 'msg_1',
    turn_text: 'An answer',
    turn_started_at: 1000,
    turn_settled_at: 2000,
    turn_closed_at: 3000,
  })
  const some = (share: number): string => `id % 2 = 0 and id % ${share} = 0`
  const step = Math.floor(count / 100) * 2
  const open = { turn_settled_at: null, turn_closed_at: null }
  await knex('messages')
    .whereRaw(some(step))
    .update({ ...open, turn_status: 'running' })
  await knex('messages')
    .whereRaw(some(step * 4))
    .update({ turn_waiting_since: 5000 })
  await knex('messages')
    .whereRaw(`${some(step)} and id % 3 = 0`)
    .update({ ...open, turn_status: 'pending', turn_fence: 0, turn_pending_since: 4000 })
  await knex('messages')
    .whereRaw('id % 2 = 0')
    .whereRaw(`id % ${step} = 2`)
    .update({ turn_status: 'failed', turn_closed_at: null })
  await knex('conversations')
    .whereIn('id', knex('messages').select('conversation_id').where('turn_status', 'running'))
    .update({ turn_owner: 'worker', turn_expires_at: 6000, turn_fence: 1 })
  await knex('conversations').update({
    opencode_session_id: knex.raw(
      knex.client.dialect === 'mysql' ? "concat('ses_', id)" : "'ses_' || id",
    ),
  })
  const analyze = knex.client.dialect === 'mysql' ? 'analyze table' : 'analyze'
  for (const table of ['conversations', 'messages']) await knex.raw(`${analyze} ${table}`)
}

async function double(
  knex: Knex,
  table: string,
  count: number,
  row: Readonly<Record<string, unknown>>,
): Promise<void> {
  const names = Object.keys(row)
  await knex(table).insert({ id: 1, ...row })
  for (let there = 1; there < count; there *= 2) {
    // With numbers of its own: what MySQL counts up has gaps.
    await knex.raw(
      `insert into ${table} (id, ${names.join()}) select id + ${there}, ${names.join()} from ${table} where id <= ${count - there}`,
    )
  }
}
