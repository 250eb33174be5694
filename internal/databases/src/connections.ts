import type { Knex } from 'knex'
import type { DatabaseName, OpenDatabase } from './kind.js'

/** Collects a database's connections, so that its `close` leaves none. */
export function openConnections(options: {
  readonly name: DatabaseName
  readonly url: string
  readonly connect: () => Knex
  readonly drop: (knex: Knex) => Promise<void>
}): OpenDatabase {
  const { name, url, connect, drop } = options
  const knex = connect()
  const others: Knex[] = []
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await Promise.all(others.map((other) => other.destroy()))
    try {
      await drop(knex)
    } finally {
      await knex.destroy()
    }
  }
  return {
    name,
    url,
    knex,
    connect: () => {
      if (name === 'sqlite') return knex
      const other = connect()
      others.push(other)
      return other
    },
    close: () => (closing ??= close()),
  }
}
