/**
 * Work with the changes of a reply: read them in a loop, be told less often, or fold them into a view elsewhere.
 *
 * ```ts
 * let view = await fetchView()
 * for await (const change of receive()) view = foldChange(view, change)
 * ```
 */
export { changesOf } from './change-iterator.js'
export type { ChangesOptions } from './change-iterator.js'
export { foldChange } from './fold-change.js'
export { throttle } from './throttle.js'
export type { ThrottledObserver, ThrottleOptions } from './throttle.js'
export { systemClock } from './clock.js'
export type { Clock } from './clock.js'
