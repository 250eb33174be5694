import type { DatabaseKind } from './kind.js'
import { mysql } from './mysql.js'
import { postgresql } from './postgresql.js'
import { sqlite } from './sqlite.js'

/** Every kind, also those that cannot run here: a suite says so in the title of a skipped test. */
export const databases: readonly DatabaseKind[] = [sqlite, postgresql, mysql]

for (const { name, skip } of databases) {
  if (skip !== null) console.warn(`tests on ${name} are skipped: ${skip}`)
}
