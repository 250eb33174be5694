/** The reason with which a run is aborted when its process dies: nothing more is said, and nothing is repaired. */
export const processDied: unique symbol = Symbol('process died')
