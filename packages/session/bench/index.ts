import { claimAgainstSql } from './claim.js'
import { heartbeatStatements } from './heartbeat.js'
import type { Figure } from './measure.js'

/** What this package measures by itself, for `npm run bench`; whole turns are measured in `packages/turn/bench`. */
export const benches: readonly { readonly name: string; run(): Promise<readonly Figure[]> }[] = [
  { name: 'session.heartbeat', run: heartbeatStatements },
  { name: 'session.claim', run: claimAgainstSql },
]
