/**
 * What changes in an agent's workspace, as it changes.
 *
 * ```ts
 * await using watch = createWorkspaceWatch({ directory: '/srv/agents/7', events: client.events })
 * for await (const { changes, truncated } of watch.subscribe({ signal })) {
 *   if (truncated) await listAgain()
 *   else for (const { path, kind } of changes) show(path, kind)
 * }
 * ```
 */
export type { ChangeBatch, ChangeKind, FileChange } from './watch/change-set.js'
export type { EventSource, WatchOptions } from './watch/options.js'
export type { WorkspaceChanges } from './watch/reader.js'
export {
  createWorkspaceWatch,
  type SubscribeOptions,
  type WorkspaceWatch,
} from './watch/workspace-watch.js'
