/**
 * A host's worker, killed at every request and frame of its own scenario.
 *
 *     const { findings } = await runChaos({ worker: 'node worker.js', begin: 'node begin.js', check: 'node check.js' })
 */
export type { ChaosOptions } from './chaos/options.js'
export { runChaos, type ChaosFinding, type ChaosReport } from './chaos/run-chaos.js'
