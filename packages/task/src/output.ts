/**
 * What a page needs to show runs. It loads nothing else of this package, and nothing of Node.
 *
 * ```ts
 * const shown = isAnswering ? part.output : settleRunOutput(part.output)
 * ```
 */
export { isRunOutput } from './run-output.js'
export type { OpenCodeRunOutput, RunError, RunOutputFile } from './run-output.js'
export { settleRunOutput } from './output/settle.js'
