/** @internal Columns whose values the database and JavaScript hold differently. */
export interface ConvertedColumns {
  readonly numbers: readonly string[]
  readonly json: readonly string[]
  readonly booleans: readonly string[]
}

/** @internal A row from the database with its 64-bit columns as numbers and its JSON columns parsed. */
export function parseColumns(
  row: Record<string, unknown>,
  columns: ConvertedColumns,
): Record<string, unknown> {
  const parsed = { ...row }
  for (const name of columns.numbers.flatMap(spellings)) {
    const value = parsed[name]
    if (typeof value === 'string' || typeof value === 'bigint') parsed[name] = Number(value)
  }
  for (const name of columns.booleans.flatMap(spellings)) {
    const value = parsed[name]
    if (typeof value === 'number' || typeof value === 'bigint') parsed[name] = Number(value) === 1
  }
  for (const name of columns.json.flatMap(spellings)) {
    const value = parsed[name]
    if (typeof value === 'string') parsed[name] = parseOrKeep(value)
  }
  return parsed
}

/** @internal The reverse, for columns that are written through the model. */
export function formatColumns(
  row: Record<string, unknown>,
  columns: readonly string[],
): Record<string, unknown> {
  const formatted = { ...row }
  for (const name of columns.flatMap(spellings)) {
    const value = formatted[name]
    if (typeof value === 'object' && value !== null) formatted[name] = JSON.stringify(value)
  }
  return formatted
}

/** @internal A row without these columns, however they are spelled. */
export function withoutColumns(
  row: Record<string, unknown>,
  columns: readonly string[],
): Record<string, unknown> {
  const dropped = new Set(columns.flatMap(spellings))
  return Object.fromEntries(Object.entries(row).filter(([name]) => !dropped.has(name)))
}

/** @internal Whether a row has this column, however it is spelled. */
export function hasColumn(row: Record<string, unknown>, column: string): boolean {
  return spellings(column).some((name) => row[name] !== undefined)
}

/** @internal A column as it is, and as `knexSnakeCaseMappers` spells it before a model sees it. */
export function spellings(column: string): string[] {
  const camel = column.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  return camel === column ? [column] : [column, camel]
}

function parseOrKeep(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
