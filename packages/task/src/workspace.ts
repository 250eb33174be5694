/**
 * A folder with an agent in it, for hosts that want more than the tool.
 *
 * ```ts
 * await using workspace = createWorkspace({ folder: `/srv/chats/${chatId}` })
 * for await (const output of workspace.run('Write a report')) render(output)
 * ```
 */
export { createWorkspace } from './workspace/create-workspace.js'
export type { OpenCodeWorkspace } from './workspace/create-workspace.js'
export type {
  WatchWorkspace,
  WorkspaceBackups,
  WorkspaceDirectory,
  WorkspaceOptions,
  WorkspaceRunOptions,
} from './workspace/options.js'
