/**
 * Follow a turn from any process: a web process needs rows and, to be quick, a notifier, but no OpenCode client.
 *
 * ```ts
 * const turn = await followTurn({ store, notifier, turnId, signal })
 * ```
 */
export { followTurn } from './live/follow-turn.js'
export type { FollowOptions } from './live/follow-turn.js'
export type { FollowedTurn } from './live/followed-turn.js'
export type { GlanceStore } from './live/row-watch.js'
export type { TurnStanding } from './live/standing.js'
