import type { CatalogColumn } from './catalog.js'
import { columnSql, isFilled } from './column-types.js'
import type { ColumnType, NewColumn } from './column-types.js'
import type { Dialect } from './dialect.js'

/**
 * Why a column that a host made or changed cannot hold what the store writes into it; null when it can, also when its type is
 * one that is not known here, as an enumeration of the host's own.
 */
export function misfit(dialect: Dialect, column: NewColumn, found: CatalogColumn): string | null {
  // SQLite's columns hold anything.
  const type = dialect === 'sqlite' ? null : typeMisfit(dialect, column.type, found)
  if (type !== null) return type
  if (found.isNullable === isFilled(column)) {
    return found.isNullable ? 'may be null, which no comparison finds' : 'may not be null'
  }
  return null
}

/** The statement that makes it hold that. */
export function remedySql(
  dialect: Dialect,
  { table, name }: { readonly table: string; readonly name: string },
  column: NewColumn,
): string {
  const { type, constraints } = columnSql(dialect, column)
  if (dialect === 'mysql')
    return `alter table ${table} modify column ${name} ${type} ${constraints}`
  const nullable = isFilled(column) ? 'set not null' : 'drop not null'
  return `alter table ${table} alter column ${name} type ${type}, alter column ${name} ${nullable}`
}

function typeMisfit(dialect: Dialect, wanted: ColumnType, found: CatalogColumn): string | null {
  const { type, charset } = found
  if (typeof wanted === 'object') {
    return textMisfit(dialect, wanted.characters, type) ?? charsetMisfit(charset)
  }
  switch (wanted) {
    case 'text':
    case 'longtext':
    case 'json': {
      if (wanted === 'json' && /^jsonb?$/.test(type)) return null
      return longTextMisfit(dialect, wanted === 'text', type) ?? charsetMisfit(charset)
    }
    case 'count':
    case 'time':
      if (/^(?:bigint|numeric|decimal|double)/.test(type)) return null
      return /^(?:int|smallint|mediumint|tinyint)/.test(type)
        ? `is \`${type}\`, and numbers above 2 147 483 647 must go into it`
        : `is \`${type}\`, and whole numbers must go into it`
    case 'status':
      return isNumber.test(type) ? null : `is \`${type}\`, and a number must go into it`
    case 'boolean': {
      const isBoolean = dialect === 'mysql' ? /^(?:tiny|small)?int/ : /^boolean$/
      return isBoolean.test(type) ? null : `is \`${type}\`, and true or false must go into it`
    }
    case 'price':
      return isNumber.test(type) && !/int/.test(type)
        ? null
        : `is \`${type}\`, and fractions must go into it`
  }
}

const isNumber = /^(?:bigint|int|smallint|mediumint|tinyint|numeric|decimal|double|real|float)/

/** What is surely no text of the length that is needed. */
function textMisfit(dialect: Dialect, characters: number, type: string): string | null {
  const width = /^(?:character varying|varchar|char)\((\d+)\)$/.exec(type)?.[1]
  if (width !== undefined) {
    return Number(width) >= characters
      ? null
      : `holds ${width} characters, and ${characters} must go into it`
  }
  if (type.startsWith('enum(')) {
    const isStatus = ['pending', 'running', 'waiting', 'completed', 'failed', 'cancelled'].every(
      (status) => type.includes(`'${status}'`),
    )
    return isStatus ? null : `is \`${type}\`, and the six states of a turn must go into it`
  }
  if (dialect === 'postgresql' && type.startsWith('character(')) {
    return `is \`${type}\`, which fills texts up with blanks`
  }
  return isNoText.test(type) ? `is \`${type}\`, and a text must go into it` : null
}

const isNoText =
  /^(?:bigint|int|smallint|mediumint|tinyint|numeric|decimal|double|real|float|boolean|uuid|jsonb?|bytea|binary|varbinary|\w*blob|bit|date|time)/

function longTextMisfit(dialect: Dialect, isShort: boolean, type: string): string | null {
  if (/^(?:longtext|mediumtext|character varying)$/.test(type)) return null
  if (type === 'text') {
    return dialect === 'postgresql' || isShort
      ? null
      : 'is `text`, which holds 64 KB, and a whole reply must go into it'
  }
  return /^(?:character|varchar|char|tinytext)/.test(type)
    ? `is \`${type}\`, and a text of any length must go into it`
    : isNoText.test(type)
      ? `is \`${type}\`, and a text must go into it`
      : null
}

function charsetMisfit(charset: string | null): string | null {
  return charset === null || /^(?:utf8mb4|utf16|utf32)/.test(charset)
    ? null
    : `has the character set ${charset}, which has no signs such as emoji, and any may go into it`
}
