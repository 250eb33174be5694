import type { Knex } from 'knex'

type Run = (connection: unknown, query: object) => Promise<unknown>

/** A Knex one of whose statements fails. */
export interface FailingStatements {
  /** How many statements were run since the last `failAt`. */
  readonly count: () => number
  /** Fails the statement of this number, counted from 1: before the database sees it, or after it took effect. */
  readonly failAt: (number: number, when: 'before' | 'after') => void
  readonly restore: () => void
}

export class Interrupted extends Error {}

/** Below Knex's builders and above the driver, where every statement passes. */
export function failStatements(knex: Knex): FailingStatements {
  const client = knex.client as { _query: Run }
  const run = client._query.bind(client)
  let count = 0
  let fails = { number: 0, when: 'before' }
  client._query = async (connection, query) => {
    count += 1
    const isFailing = count === fails.number
    if (isFailing && fails.when === 'before') throw new Interrupted(`before statement ${count}`)
    const result = await run(connection, query)
    if (isFailing) throw new Interrupted(`after statement ${count}`)
    return result
  }
  return {
    count: () => count,
    failAt: (number, when) => {
      count = 0
      fails = { number, when }
    },
    restore: () => {
      client._query = run
    },
  }
}
