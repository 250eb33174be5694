const { setTimeout, clearTimeout, setImmediate, performance } = globalThis

/** The timers of the process as they were when this package was loaded: a test may put others in their place later. */
export const realTime: {
  readonly setTimeout: typeof setTimeout
  readonly clearTimeout: typeof clearTimeout
  readonly setImmediate: typeof setImmediate
  /** Milliseconds, never set back. */
  readonly now: () => number
} = { setTimeout, clearTimeout, setImmediate, now: performance.now.bind(performance) }
