import { firstTurn } from './first-turn.js'

/** The benchmarks of turn; `npm run bench` collects them. */
export const benches = [firstTurn]
