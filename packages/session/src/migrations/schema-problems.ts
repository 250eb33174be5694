import type { Knex } from 'knex'
import { fold, keyOf, readColumns, readEncoding, readIndexes } from './catalog.js'
import type { CatalogColumn, CatalogIndex } from './catalog.js'
import { misfit, remedySql } from './column-fits.js'
import type { NewColumn } from './column-types.js'
import { createIndexSql } from './definition.js'
import { dialectOf, quoteOf, quoteTable } from './dialect.js'
import { indexName } from './table-version.js'
import type { NewIndex, TableStep } from './table-version.js'

/** A table with what one version added to it, and what the host has there for us. */
export interface ExpectedTable {
  /** Of the migration. */
  readonly name: string
  /** What makes it, in words. */
  readonly madeBy: string
  readonly step: TableStep
  /** The option of each column of the host's own, and its name. */
  readonly hostColumns: readonly (readonly [option: string, name: string])[]
  /** The column that holds keys of another table, and that table's key. */
  readonly keys: { readonly column: string; readonly of: string; readonly key: string } | null
}

type Columns = ReadonlyMap<string, CatalogColumn>

const widestKey = 255

/** What keeps the tables from holding turns, each with what to do about it. */
export async function findProblems(
  knex: Knex,
  expected: readonly ExpectedTable[],
): Promise<readonly string[]> {
  const problems: string[] = []
  for (const each of expected) {
    const columns = await readTable(knex, each.step.table)
    if (columns.size === 0) {
      const { table, option } = each.step
      problems.push(
        `There is no table \`${table}\`: ${each.hostColumns.length > 0 ? 'create it' : `run the migration \`${each.name}\` (${each.madeBy})`}, or name yours in \`${option}.table\`.`,
      )
      continue
    }
    problems.push(...(await columnProblems(knex, each, columns)))
    const indexes = await readIndexes(knex, each.step.table)
    for (const index of each.step.version.indexes) {
      const isPossible = index.columns.every((name) => columns.has(keyOf(knex, name)))
      if (isPossible) problems.push(...indexProblems(knex, each.step, { index, indexes }))
    }
  }
  if (dialectOf(knex) === 'postgresql') {
    const encoding = await readEncoding(knex)
    if (encoding !== 'UTF8') {
      problems.push(
        `The database keeps texts in ${encoding}, which does not hold every character: create it with \`encoding 'UTF8'\`.`,
      )
    }
  }
  return problems
}

async function columnProblems(
  knex: Knex,
  { name, madeBy, step, hostColumns, keys }: ExpectedTable,
  columns: Columns,
): Promise<readonly string[]> {
  const { option, table, version } = step
  const problems: string[] = []
  for (const [host, column] of hostColumns) {
    if (columns.has(keyOf(knex, column))) continue
    problems.push(
      `\`${table}\` has no column \`${column}\`: name yours in \`${option}.columns.${host}\`.`,
    )
  }
  const missing = version.columns.filter((column) => !columns.has(keyOf(knex, column.name)))
  if (missing.length > 0) {
    const names = missing.map((column) => `\`${column.name}\``).join(', ')
    problems.push(
      `\`${table}\` lacks ${names}: run the migration \`${name}\` with the same options (${madeBy}).`,
    )
  }
  const dialect = dialectOf(knex)
  const quote = quoteOf(knex)
  for (const column of version.columns) {
    const found = columns.get(keyOf(knex, column.name))
    if (found === undefined) continue
    const wanted = keys?.column === column.name ? await keyColumn(knex, column, keys) : column
    const why = misfit(dialect, wanted, found)
    if (why === null) continue
    const place = { table: quoteTable(quote, table), name: quote(column.name) }
    const remedy =
      dialect === 'sqlite' ? 'create it as the migration does' : remedySql(dialect, place, column)
    problems.push(`\`${table}.${column.name}\` ${why}: ${remedy}.`)
  }
  return problems
}

/** As wide as the keys that the host has. */
async function keyColumn(
  knex: Knex,
  column: NewColumn,
  { of, key }: NonNullable<ExpectedTable['keys']>,
): Promise<NewColumn> {
  const { type = 'text' } = (await readTable(knex, of)).get(keyOf(knex, key)) ?? {}
  const width = /^(?:character varying|character|varchar|char)\((\d+)\)/.exec(type)?.[1]
  const characters = /int|serial/.test(type)
    ? 20
    : type === 'uuid'
      ? 36
      : Math.min(Number(width ?? widestKey), widestKey)
  return { ...column, type: { characters } }
}

function indexProblems(
  knex: Knex,
  step: TableStep,
  { index, indexes }: { readonly index: NewIndex; readonly indexes: readonly CatalogIndex[] },
): readonly string[] {
  const wanted = index.columns.map((name) => keyOf(knex, name))
  const serves = ({ columns, isUnique }: CatalogIndex): boolean =>
    index.unique
      ? isUnique && columns.map((name) => fold(knex, name)).join() === wanted.join()
      : wanted.every((name, n) => fold(knex, columns[n] ?? '') === name)
  const serving = indexes.filter(serves)
  if (serving.some(({ isWhole }) => isWhole)) return []
  const name = indexName(step, index)
  const writing = { dialect: dialectOf(knex), quote: quoteOf(knex) }
  const sql = createIndexSql(writing, step.table, { ...index, name })
  const unfinished = serving.map(
    (each) => ` after you dropped \`${each.name}\`, which is not whole`,
  )
  return [`\`${step.table}\` lacks an index: ${sql}${unfinished.join()}.`]
}

async function readTable(knex: Knex, table: string): Promise<Columns> {
  const columns = await readColumns(knex, table)
  return new Map(columns.map((column) => [fold(knex, column.name), column]))
}
