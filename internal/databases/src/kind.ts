import type { Knex } from 'knex'

/** The kinds of database that the suites know. */
export type DatabaseName = 'sqlite' | 'postgresql' | 'mysql'

/** A fresh database of one test suite. */
export interface OpenDatabase {
  /** Which kind it is. */
  readonly name: DatabaseName
  /** Its address, as `DATABASE_URL` would hold it; an own schema is part of it. Contains the password. */
  readonly url: string
  /** The suite's connections. */
  readonly knex: Knex
  /**
   * More connections to the same database, closed with it. On SQLite this is `knex` itself: the driver is
   * synchronous, so two handles in one process wait for each other forever; race there with child processes.
   */
  readonly connect: () => Knex
  /** Destroys every connection and drops the database. */
  readonly close: () => Promise<void>
}

/** How a database is opened. */
export interface OpenOptions {
  /**
   * Shares no database of PostgreSQL with other suites, rather than no schema: for what notifies all of a database, as graphile-worker
   * does when its tables are made. Takes half a second longer.
   */
  readonly isAlone?: boolean
}

/** One kind of database, and whether it can be had on this machine. */
export interface DatabaseKind {
  /** Which kind it is. */
  readonly name: DatabaseName
  /** Why it cannot run here; null when it can. */
  readonly skip: string | null
  /** Opens a fresh, empty database. The first PostgreSQL of a process starts the server, which takes a second. */
  readonly open: (options?: OpenOptions) => Promise<OpenDatabase>
}
