import type { Bench } from './bench.js'
import { memoryPerOpenPage } from './memory.js'
import { pageManyTurns } from './many-turns.js'
import { pageFirstText, pageLongReply } from './page.js'

/** What `npm run bench -- --only chat` measures. */
export const benches: readonly Bench[] = [
  pageFirstText,
  pageLongReply,
  pageManyTurns,
  memoryPerOpenPage,
]
