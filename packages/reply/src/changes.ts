/**
 * Work with the changes of a reply: read them in a loop, be called less often, or fold them into a view elsewhere.
 *
 * ```ts
 * let view = await fetchView()
 * for await (const change of receive()) view = foldChange(view, change)
 * ```
 */
export { changesOf } from './changes/change-iterator.js'
export type { ChangesOptions } from './changes/change-iterator.js'
export { changesBetween } from './changes/changes-between.js'
export { createReplyMirror } from './changes/mirror.js'
export type { ReplyMirror, ReplyMirrorOptions } from './changes/mirror.js'
export { foldChange } from './changes/fold-change.js'
export { throttle } from './changes/throttle.js'
export type { ThrottledObserver, ThrottleOptions } from './changes/throttle.js'
export type { Clock } from './streaming/clock.js'
