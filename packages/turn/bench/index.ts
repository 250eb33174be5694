import { concurrentCost, concurrentGrowth } from './concurrent.js'
import { followCpu, followDelayPg, followDelayRedis } from './follow.js'
import { firstText, firstTurn } from './first-turn.js'
import { snapshotBytes, snapshotCpu } from './snapshots.js'
import { cancelOverPostgres, cancelOverRedis, turnStatements } from './turns-on-postgres.js'

/** The benchmarks of turn, and those of session that need a whole turn; `npm run bench` collects them. */
export const benches = [
  firstTurn,
  firstText,
  concurrentCost,
  concurrentGrowth,
  followDelayPg,
  followDelayRedis,
  followCpu,
  turnStatements,
  snapshotBytes,
  snapshotCpu,
  cancelOverPostgres,
  cancelOverRedis,
]
