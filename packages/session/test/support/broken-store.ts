import type { Knex } from 'knex'
import type { KnexSessionStore, SessionStore } from '../../src/index.js'

/** A store with one defect, and the promises that must catch it. */
export interface BrokenStore {
  readonly defect: string
  readonly caughtBy: readonly string[]
  readonly breakStore: (store: KnexSessionStore, knex: Knex) => SessionStore
}
