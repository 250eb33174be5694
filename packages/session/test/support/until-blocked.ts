import type { Knex } from 'knex'

/** Resolves when an update of this table waits for a row that someone else has locked. */
export async function untilBlocked(knex: Knex, table = 'conversations'): Promise<void> {
  for (;;) {
    if ((await blocked(knex, table)) > 0) return
  }
}

async function blocked(knex: Knex, table: string): Promise<number> {
  if (knex.client.dialect === 'mysql') {
    const [waiting] = (await knex.raw(
      "select 1 from information_schema.processlist where info like 'update %' and info like ? and time_ms > 100",
      [`%${table}%`],
    )) as [unknown[]]
    return waiting.length
  }
  const { rows } = (await knex.raw(
    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like ?",
    [`update "${table}"%`],
  )) as { rows: unknown[] }
  return rows.length
}
