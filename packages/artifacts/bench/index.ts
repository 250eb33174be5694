import { collectMismatches } from './collect.js'

/** The benchmarks of artifacts; `npm run bench` collects them. */
export const benches = [collectMismatches]
