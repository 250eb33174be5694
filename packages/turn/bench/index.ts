import { firstTurn } from './first-turn.js'
import { snapshotBytes, snapshotCpu } from './snapshots.js'
import { cancelOverPostgres, cancelOverRedis, turnStatements } from './turns-on-postgres.js'

/** The benchmarks of turn, and those of session that need a whole turn; `npm run bench` collects them. */
export const benches = [
  firstTurn,
  turnStatements,
  snapshotBytes,
  snapshotCpu,
  cancelOverPostgres,
  cancelOverRedis,
]
