import type { Knex } from 'knex'
import { SessionError } from '../errors.js'
import type { ConversationLease } from '../records.js'
import type { Tables } from '../tables.js'
import { query } from './query.js'
import { renewLease } from './renew-lease.js'
import { keyText, spelling, unlessImpossible, whereKeyPair } from './row-key.js'
import type { KeyPair } from './row-key.js'

/** One that is locked for longer must not keep the answer about the others waiting. */
const longestAloneMs = 1_000

/**
 * Moves the expiry of many leases at once and says of each whether it is held, in the order given: by what the write
 * itself counted or returned, never by a read. Rows that others hold locked are left out of the write that renews the
 * rest, and renewed alone; null where even that did not answer, and for what is lost or locked beside it.
 */
export async function renewLeases(
  tables: Tables,
  leases: readonly ConversationLease[],
  expiresAt: number,
): Promise<readonly (boolean | null)[]> {
  const pairs = new Map(leases.map((lease) => [pairOf(lease), lease]))
  const { held, open } = await heldOf(tables, [...pairs.values()], expiresAt)
  return leases.map((lease) => (open.has(pairOf(lease)) ? null : held.has(pairOf(lease))))
}

/** One conversation under one fence. Two fences of a conversation are two leases, of which one at most is held. */
function pairOf({ conversationId, fence }: ConversationLease): string {
  return `${fence} ${spelling(conversationId)}`
}

async function heldOf(
  tables: Tables,
  leases: readonly ConversationLease[],
  expiresAt: number,
): Promise<{ readonly held: ReadonlySet<string>; readonly open: ReadonlySet<string> }> {
  const held = new Set<string>()
  const open = new Set<string>()
  const isOne = leases.length === 1
  const statementMs = isOne ? tables.statementMs : Math.min(tables.statementMs, longestAloneMs)
  const renewAlone = async (lease: ConversationLease): Promise<void> => {
    if (open.size > 0) {
      // No more is waited for: what is not renewed now is lost or locked.
      const [left] = await renewTogether(tables, [lease], expiresAt)
      return void (left === undefined ? held : open).add(pairOf(lease))
    }
    try {
      const renewing = renewLease({ ...tables, statementMs }, lease, expiresAt)
      if (await unlessImpossible(renewing, false)) held.add(pairOf(lease))
    } catch (error) {
      if (isOne || !SessionError.is(error) || !error.retryable) throw error
      open.add(pairOf(lease))
    }
  }
  const renew = async (batch: readonly ConversationLease[]): Promise<void> => {
    const [first] = batch
    if (first === undefined) return
    if (batch.length === 1) return renewAlone(first)
    const rest = await renewTogether(tables, batch, expiresAt)
    const left = new Set(rest)
    for (const lease of batch) if (!left.has(lease)) held.add(pairOf(lease))
    if (rest.length < batch.length && canReturn(tables.knex())) {
      for (const lease of rest) await renewAlone(lease)
      return
    }
    const half = Math.ceil(rest.length / 2)
    await renew(rest.slice(0, half))
    await renew(rest.slice(half))
  }
  await renew(leases)
  return { held, open }
}

/** Renews what is held and not locked, by one statement; gives those of which that is not sure. */
async function renewTogether(
  tables: Tables,
  batch: readonly ConversationLease[],
  expiresAt: number,
): Promise<readonly ConversationLease[]> {
  const what = `renew the leases of ${batch.length} conversations`
  if (canReturn(tables.knex())) {
    const returned = query<Record<string, unknown>[]>(tables, what, (knex) => {
      const { columns } = tables.conversations
      const fields = { key: keyText(knex, columns.id), fence: columns.turnFence }
      return update(tables, knex, batch, expiresAt).returning(
        Object.entries(fields).map(([name, column]) => knex.raw('?? as ??', [column, name])),
      ) as unknown as Returning
    })
    const rows = await unlessImpossible(returned, [])
    const renewed = new Set(
      rows.map((row) => `${String(row['fence'])} ${spelling(String(row['key']))}`),
    )
    if (renewed.size === batch.length) return []
    return batch.filter((lease) => !renewed.has(pairOf(lease)))
  }
  // A connection that counts changed rows leaves out those that had this very expiry: another one shows them.
  for (const to of [expiresAt, expiresAt + 1]) {
    const changed = query<ChangedRows>(tables, what, (knex) =>
      updateOnMySql(tables, knex, batch, to),
    )
    const [{ affectedRows }] = await unlessImpossible(changed, [{ affectedRows: 0 }])
    if (affectedRows === batch.length) return []
  }
  return batch
}

type Returning = PromiseLike<Record<string, unknown>[]> & Knex.ChainableInterface
type ChangedRows = readonly [{ readonly affectedRows: number }]

function update(
  tables: Tables,
  knex: Knex,
  leases: readonly ConversationLease[],
  expiresAt: number,
): Knex.QueryBuilder {
  const { table, columns } = tables.conversations
  const row = knex(table)
  if (knex.client.dialect === 'sqlite3') held(tables, knex, leases)(row)
  else row.whereIn(columns.id, free(tables, knex, leases))
  return row.update({ [columns.turnExpiresAt]: expiresAt })
}

/** It updates no table that it reads, but under another name; and it must not look for the rows by itself, since it would wait. */
function updateOnMySql(
  tables: Tables,
  knex: Knex,
  leases: readonly ConversationLease[],
  expiresAt: number,
): Knex.Raw<ChangedRows> {
  const { table, columns } = tables.conversations
  return knex.raw('update ? straight_join ?? as ?? on ?? = ?? set ?? = ?', [
    free(tables, knex, leases).as('free'),
    table,
    'c',
    `c.${columns.id}`,
    `free.${columns.id}`,
    `c.${columns.turnExpiresAt}`,
    expiresAt,
  ])
}

/** The conversations under these leases that no one else has locked. */
function free(tables: Tables, knex: Knex, leases: readonly ConversationLease[]): Knex.QueryBuilder {
  const { table, columns } = tables.conversations
  const row = knex(table).select(columns.id).forUpdate().skipLocked()
  held(tables, knex, leases)(row)
  return row
}

function held(
  { conversations }: Tables,
  knex: Knex,
  leases: readonly ConversationLease[],
): (row: Knex.QueryBuilder) => void {
  const { columns } = conversations
  const pairs = leases.map(({ conversationId, fence }): KeyPair => [conversationId, fence])
  return (row) =>
    void row
      .whereNotNull(columns.turnOwner)
      .where(whereKeyPair(knex, [columns.id, columns.turnFence], pairs))
}

function canReturn(knex: Knex): boolean {
  return knex.client.dialect !== 'mysql'
}
