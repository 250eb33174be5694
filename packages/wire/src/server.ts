/**
 * Run `opencode serve` as a supervised child process that never outlives its host unnoticed.
 *
 * ```ts
 * const server = await startServer({ directory: '/srv/project', supervise: true })
 * const client = createClient({ baseUrl: server.url, username: server.username, password: server.password })
 * await server.close()
 * ```
 */
export type { Backoff } from './retry-policy.js'
export type { Environment } from './server/process/child-env.js'
export {
  findOpencode,
  type FindOpencodeOptions,
  type FoundOpencode,
} from './server/find-opencode.js'
export type { ServerExit } from './server/process/child-control.js'
export type { OpencodeServer } from './server/opencode-server.js'
export type { ServerOptions, SuperviseOptions } from './server/options.js'
export type { ServerHealth } from './server/probe.js'
export { startServer } from './server/start-server.js'
export type { ServerState, ServerStateChange } from './server/state.js'
