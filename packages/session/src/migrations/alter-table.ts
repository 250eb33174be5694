import type { Knex } from 'knex'
import { hasColumn, hasIndex, hasTable, isMySql, schemaOf } from './catalog.js'
import { defineIndex, indexName, tableAddress } from './table-version.js'
import type { NewIndex, TableVersion } from './table-version.js'

/** One of the host's tables and what a version adds to it. */
export interface TableStep {
  /** How the options call it. */
  readonly option: string
  readonly table: string
  readonly version: TableVersion
}

/** Looks at all tables before it changes the first, since not every database can roll a schema back. */
export async function addColumns(knex: Knex, steps: readonly TableStep[]): Promise<void> {
  const missing: (readonly string[])[] = []
  for (const step of steps) missing.push(await missingColumns(knex, step))
  for (const [n, { table, version }] of steps.entries()) {
    const names = missing[n] ?? []
    const columns = version.columns.filter(({ name }) => names.includes(name))
    if (columns.length > 0) {
      await schemaOf(knex, table).alterTable(tableAddress(table).name, (builder) => {
        for (const { add } of columns) add(builder)
      })
    }
    for (const index of version.indexes) await addIndex(knex, table, index)
  }
}

/** The indexes go with their columns. */
export async function dropColumns(knex: Knex, steps: readonly TableStep[]): Promise<void> {
  for (const { table, version } of steps.toReversed()) {
    const present: string[] = []
    for (const { name } of version.columns) {
      if (await hasColumn(knex, table, name)) present.push(name)
    }
    if (present.length === 0) continue
    await schemaOf(knex, table).alterTable(tableAddress(table).name, (builder) => {
      builder.dropColumns(...present)
    })
  }
}

/** Columns of ours that an earlier, interrupted run added are no clash: its first one is then there. */
async function missingColumns(
  knex: Knex,
  { option, table, version }: TableStep,
): Promise<readonly string[]> {
  if (!(await hasTable(knex, table))) {
    throw new TypeError(
      `There is no table \`${table}\`: create it in an earlier migration, or name yours in \`${option}.table\`.`,
    )
  }
  const missing: string[] = []
  for (const { name } of version.columns) {
    if (!(await hasColumn(knex, table, name))) missing.push(name)
  }
  const [marker] = version.columns
  const taken = version.columns.filter(({ name }) => !missing.includes(name))
  if (taken.length > 0 && missing.includes(marker.name)) {
    const names = taken.map(({ name }) => `\`${name}\``).join(', ')
    throw new TypeError(
      `The table \`${table}\` has columns of its own named ${names}; nothing was changed. Name ours otherwise with \`${option}.prefix\` or \`${option}.columns\`, the same for the migration and the store.`,
    )
  }
  return missing
}

async function addIndex(knex: Knex, table: string, index: NewIndex): Promise<void> {
  const { schema, name: bare } = tableAddress(table)
  const name = indexName(table, index)
  if (isMySql(knex)) {
    if (await hasIndex(knex, table, name)) return
    await schemaOf(knex, table).alterTable(bare, (builder) => defineIndex(builder, table, index))
    return
  }
  const kind = index.unique ? 'unique index' : 'index'
  const columns = index.columns.map(() => '??').join(', ')
  // SQLite puts the schema before the index, PostgreSQL before the table.
  const isSqlite = String(knex.client.dialect).includes('sqlite')
  const [at, on] = isSqlite && schema !== null ? [`${schema}.${name}`, bare] : [name, table]
  await knex.raw(`create ${kind} if not exists ?? on ?? (${columns})`, [at, on, ...index.columns])
}
