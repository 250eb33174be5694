import type { Knex } from 'knex'

/** The databases whose definition language this package writes. */
export type Dialect = 'postgresql' | 'mysql' | 'sqlite'

/** How a host calls its database where no Knex says it. MariaDB is `mysql`. */
export type Client = 'pg' | 'mysql' | 'sqlite'

const dialects: Readonly<Record<Client, Dialect>> = {
  pg: 'postgresql',
  mysql: 'mysql',
  sqlite: 'sqlite',
}

/** Throws a `TypeError` for any other. */
export function dialectFor(client: Client): Dialect {
  if (Object.hasOwn(dialects, client)) return dialects[client]
  throw new TypeError("`client` must be 'pg', 'mysql' or 'sqlite'.")
}

/** MariaDB, too, is `mysql` to Knex. */
export function dialectOf(knex: Knex): Dialect {
  const name = String(knex.client.dialect)
  if (name === 'mysql' || name === 'postgresql') return name
  if (name.includes('sqlite')) return 'sqlite'
  throw new TypeError(
    `This package knows PostgreSQL, MySQL, MariaDB and SQLite; Knex says that this is ${name}.`,
  )
}

/** A name as a database wants it in a statement. */
export type Quote = (name: string) => string

/** How a dialect quotes, for statements that no Knex runs. */
export function quoteFor(dialect: Dialect): Quote {
  const mark = dialect === 'mysql' ? '`' : '"'
  return (name) => `${mark}${name.replaceAll(mark, mark + mark)}${mark}`
}

/** How a host's Knex quotes; it may map names, as `knexSnakeCaseMappers` does. */
export function quoteOf(knex: Knex): Quote {
  const quote = quoteFor(dialectOf(knex))
  return (name) => quote(realName(knex, name))
}

/** A name as the database's catalog holds it. */
export function realName(knex: Knex, name: string): string {
  const quoted = knex.raw('??', [name]).toQuery()
  const mark = quoted.slice(0, 1)
  return quoted.slice(1, -1).replaceAll(mark + mark, mark)
}

/** `schema.table` in its two halves. */
export function tableAddress(table: string): {
  readonly schema: string | null
  readonly name: string
} {
  const dot = table.lastIndexOf('.')
  return dot < 0
    ? { schema: null, name: table }
    : { schema: table.slice(0, dot), name: table.slice(dot + 1) }
}

/** A table in a statement. */
export function quoteTable(quote: Quote, table: string): string {
  const { schema, name } = tableAddress(table)
  return schema === null ? quote(name) : `${quote(schema)}.${quote(name)}`
}
