import type { Knex } from 'knex'
import { toRowId } from '../values/asserts.js'
import type { RowId, TurnGlance } from '../records.js'
import type { Tables } from '../tables.js'
import { blocking } from './find-lease.js'
import { query } from './query.js'
import { keyText, rowKey, unlessImpossible } from './row-key.js'
import { toNumber, toNumberOrNull, toTurnStatus } from './row-values.js'

const batchSize = 500

/** Where turns stand, without what they say; null for one that is not there, in the order that was asked. */
export async function peekTurns(
  tables: Tables,
  turnIds: readonly RowId[],
): Promise<readonly (TurnGlance | null)[]> {
  const glances: (TurnGlance | null)[] = []
  for (let from = 0; from < turnIds.length; from += batchSize) {
    const batch = turnIds.slice(from, from + batchSize)
    const found = await unlessImpossible(peek(tables, batch), null)
    // One key that its column cannot hold must not hide the others.
    if (found !== null) glances.push(...found)
    else
      for (const id of batch) glances.push(...(await unlessImpossible(peek(tables, [id]), [null])))
  }
  return glances
}

async function peek(
  tables: Tables,
  turnIds: readonly RowId[],
): Promise<readonly (TurnGlance | null)[]> {
  const { conversations, messages } = tables
  const c = conversations.columns
  const m = messages.columns
  const now = tables.clock.now()
  const looking = (knex: Knex): Knex.QueryBuilder =>
    knex(`${messages.table} as m`)
      .leftJoin(`${conversations.table} as c`, `c.${c.id}`, `m.${m.conversationId}`)
      .where((any) => {
        for (const id of turnIds) any.orWhere(rowKey(knex, `m.${m.id}`, id))
      })
      .whereNotNull(`m.${m.status}`)
      .select(
        blocking(tables, knex, knex.ref(`c.${c.id}`), now)
          .limit(1)
          .as('blocked'),
      )
      .select({
        turn: `m.${m.id}`,
        turntext: keyText(knex, `m.${m.id}`),
        status: `m.${m.status}`,
        fence: `m.${m.turnFence}`,
        revision: `m.${m.turnRevision}`,
        asks: `m.${m.asksRevision}`,
        owner: `c.${c.turnOwner}`,
        holder: `c.${c.turnId}`,
        expires: `c.${c.turnExpiresAt}`,
      })
  const what = 'look where turns stand'
  const options = { isRepeatable: true }
  const rows = await query<Record<string, unknown>[]>(tables, what, looking, options)
  const glances = new Map<string, TurnGlance>()
  for (const row of rows) {
    const key = String(row['turntext'])
    const turnId = toRowId(row['turn'], row['turntext'])
    const isHeld = row['owner'] !== null && (toNumberOrNull(row['expires']) ?? 0) > now
    glances.set(spelling(key), {
      turnId,
      status: toTurnStatus(row['status'], turnId),
      fence: toNumber(row['fence']),
      revision: toNumber(row['revision']),
      asksRevision: toNumber(row['asks']),
      waitsForTurn: isBehind(row, isHeld),
    })
    glances.set(key, glances.get(spelling(key)) as TurnGlance)
  }
  return turnIds.map((id) => glances.get(String(id)) ?? glances.get(spelling(String(id))) ?? null)
}

/** Another turn of the conversation runs, or waits for a person. */
function isBehind(row: Record<string, unknown>, isHeld: boolean): boolean {
  if (row['status'] === 'pending' && (row['blocked'] ?? null) !== null) return true
  return isHeld && row['holder'] !== null && row['holder'] !== String(row['turntext'])
}

/** A UUID may be asked for in capital letters. */
function spelling(key: string): string {
  return `any case: ${key.toLowerCase()}`
}
