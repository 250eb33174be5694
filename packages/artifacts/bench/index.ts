import { collectMismatches } from './collect.js'
import { collectMemory } from './collect-memory.js'
import { transfers } from './transfers.js'

/** The benchmarks of artifacts; `npm run bench` collects them. */
export const benches = [collectMismatches, collectMemory, ...transfers]
