import type { Knex } from 'knex'
import type { NewColumn } from './column-types.js'
import { fold, isNameTaken, keyOf, readColumns, readIndexes } from './catalog.js'
import type { CatalogIndex } from './catalog.js'
import { addColumnsSql, createIndexSql, dropColumnsSql, dropIndexSql } from './definition.js'
import type { Writing } from './definition.js'
import { dialectOf, quoteOf, realName } from './dialect.js'
import { indexName } from './table-version.js'
import type { NewIndex, TableStep } from './table-version.js'

/** Looks at all tables before it changes the first, since not every database can roll a schema back. */
export async function addVersion(knex: Knex, steps: readonly TableStep[]): Promise<void> {
  const found = await Promise.all(steps.map((step) => lookAt(knex, step)))
  const clashes = found.flatMap((each) => each.clashes)
  if (clashes.length > 0) {
    throw new TypeError(
      `${clashes.join(' ')} Nothing was changed. Give the store the same options as the migration.`,
    )
  }
  for (const { statements } of found) for (const sql of statements) await knex.raw(sql)
}

/** Drops what is there of a version, with all that is in it. */
export async function dropVersion(knex: Knex, steps: readonly TableStep[]): Promise<void> {
  const writing = writingOf(knex)
  for (const step of steps.toReversed()) {
    const { table, version } = step
    const columns = await readNames(knex, table)
    const present = version.columns.filter(({ name }) => columns.has(keyOf(knex, name)))
    // MySQL would keep what is left of an index, SQLite keep the column.
    const indexes = writing.dialect === 'postgresql' ? [] : await readIndexes(knex, table)
    const ours = new Set(version.indexes.map((index) => keyOf(knex, indexName(step, index))))
    for (const { name } of indexes.filter((index) => ours.has(fold(knex, index.name)))) {
      await knex.raw(dropIndexSql(writing, table, name))
    }
    const names = present.map(({ name }) => name)
    for (const sql of dropColumnsSql(writing, table, names)) await knex.raw(sql)
  }
}

interface Found {
  readonly clashes: readonly string[]
  readonly statements: readonly string[]
}

async function lookAt(knex: Knex, step: TableStep): Promise<Found> {
  const { option, table, version } = step
  const present = await readNames(knex, table)
  if (present.size === 0) {
    const clash = `There is no table \`${table}\`: create it in an earlier migration, or name yours in \`${option}.table\`.`
    return { clashes: [clash], statements: [] }
  }
  const writing = writingOf(knex)
  const missing = version.columns.filter(({ name }) => !present.has(keyOf(knex, name)))
  const clashes = columnClash(step, missing)
  const statements = [...addColumnsSql(writing, table, missing)]
  const indexes = await readIndexes(knex, table)
  for (const index of version.indexes) {
    const name = indexName(step, index)
    const same = indexes.find((each) => fold(knex, each.name) === keyOf(knex, name))
    if (same !== undefined) {
      const state = stateOf(knex, { index, same })
      if (state === 'whole') continue
      if (state === 'cut') {
        // What dropped columns leave of an index.
        statements.push(dropIndexSql(writing, table, same.name))
        statements.push(createIndexSql(writing, table, { ...index, name }))
        continue
      }
      clashes.push(
        state === 'unfinished'
          ? `The index \`${name}\` of \`${table}\` was not finished: drop it, and run this again.`
          : `The table \`${table}\` has an index of its own named \`${name}\`: name ours otherwise with \`indexPrefix\`.`,
      )
      continue
    }
    if (await isNameTaken(knex, table, realName(knex, name))) {
      clashes.push(
        `\`${name}\`, as an index of ${quoted(index.columns)} would be called, is there already for something else: name ours otherwise with \`indexPrefix\`.`,
      )
      continue
    }
    statements.push(createIndexSql(writing, table, { ...index, name }))
  }
  return { clashes, statements }
}

/** Columns of ours that an earlier, interrupted run added are no clash: the first of them is then there. */
function columnClash(
  { option, table, version }: TableStep,
  missing: readonly NewColumn[],
): string[] {
  const [marker] = version.columns
  const taken = version.columns.filter((column) => !missing.includes(column))
  if (taken.length === 0 || !missing.includes(marker)) return []
  const names = quoted(taken.map(({ name }) => name))
  return [
    `The table \`${table}\` has columns of its own named ${names}: name ours otherwise with \`${option}.prefix\` or \`${option}.columns\`.`,
  ]
}

function stateOf(
  knex: Knex,
  { index, same }: { readonly index: NewIndex; readonly same: CatalogIndex },
): 'whole' | 'unfinished' | 'cut' | 'foreign' {
  const expected = index.columns.map((name) => keyOf(knex, name))
  const found = same.columns.map((name) => fold(knex, name))
  if (same.isUnique === index.unique && found.join() === expected.join()) {
    return same.isWhole ? 'whole' : 'unfinished'
  }
  return found.every((name) => expected.includes(name)) ? 'cut' : 'foreign'
}

function writingOf(knex: Knex): Writing {
  return { dialect: dialectOf(knex), quote: quoteOf(knex) }
}

async function readNames(knex: Knex, table: string): Promise<ReadonlySet<string>> {
  const columns = await readColumns(knex, table)
  return new Set(columns.map(({ name }) => fold(knex, name)))
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}
