import { backup } from './backup.js'
import { collectMismatches } from './collect.js'
import { collectMemory } from './collect-memory.js'
import { fuzz } from './fuzz.js'
import { race } from './race.js'
import { transfers } from './transfers.js'

/** The benchmarks of artifacts; `npm run bench` collects them. */
export const benches = [backup, fuzz, collectMismatches, collectMemory, race, ...transfers]
