/**
 * The routes of a web process on any framework: start a turn, follow it, stop it, answer its agent, its files.
 *
 * ```ts
 * const routes = createTurnRoutes({ store, notifier, authorize, begin, prefix: '/agent' })
 * app.use(toNodeListener(routes))
 * ```
 */
export { createTurnRoutes } from './http/routes.js'
export type { TurnRoutes } from './http/routes.js'
export type {
  BeginRequest,
  RouteAccess,
  RouteFile,
  RouteFiles,
  RouteStore,
  TurnRoutesOptions,
} from './http/options.js'
export type { RouteRefusal } from './http/answers.js'
export { toNodeListener } from './http/node-listener.js'
export type { NodeListener } from './http/node-listener.js'
export type { NodeResponseLike } from './http/send-response.js'
export type { NodeRequestLike } from './http/web-request.js'
