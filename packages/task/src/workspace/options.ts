import type { ConfigObject, ProviderCredentials } from '@turnstead/wire/providers'
import type { ServerOptions } from '@turnstead/wire/server'
import type { ServerAddress } from '../run/connection.js'
import type { AgentClient } from '../agent-client.js'
import type { RunOptions } from '../task-options.js'

/** The directory of a workspace, for what works on it. */
export interface WorkspaceDirectory {
  /** Absolute. */
  readonly directory: string
  readonly signal?: AbortSignal
}

/** Keeps workspaces elsewhere; `backupWorkspace` and `restoreWorkspace` of `@turnstead/artifacts/workspace` do. */
export interface WorkspaceBackups<Backup = unknown> {
  backup(at: WorkspaceDirectory): Promise<Backup>
  /** Resolves to null when there is no backup. With `into: 'replace'` it removes what is there first. */
  restore(at: WorkspaceDirectory & { readonly into: 'empty' | 'replace' }): Promise<unknown>
}

/** Tells what changes in a workspace. */
export type WatchWorkspace<Changes = unknown> = (
  at: WorkspaceDirectory & { readonly client: AgentClient },
) => AsyncIterable<Changes>

/** Options of {@link createWorkspace}. */
export interface WorkspaceOptions<Backup = unknown, Changes = unknown> extends RunOptions {
  /**
   * The workspace's folder on this machine; made when missing. The agent works in `files` below it; a server of its own keeps its
   * data in `server` beside that.
   */
  readonly folder: string
  /** A server that many workspaces share. Default: one of its own, supervised, which `close` ends. */
  readonly server?: ServerAddress
  /** Of its own server: the model provider's keys. Default: what the environment has. */
  readonly credentials?: ProviderCredentials | readonly ProviderCredentials[]
  /** Of its own server: configuration that wins over what is found, as in `opencode.json`. */
  readonly userConfig?: ConfigObject
  /** Of its own server: whatever else `startServer` takes. */
  readonly serverOptions?: Omit<ServerOptions, 'config' | 'directory' | 'dataDir' | 'signal'>
  /** Where credentials are looked for. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly backups?: WorkspaceBackups<Backup>
  readonly watchFiles?: WatchWorkspace<Changes>
  /** How long `close` waits until a server has stopped its agents, in milliseconds: it may be gone. Default 5,000. */
  readonly closeMs?: number
}

/** How one run of a workspace differs from others. */
export interface WorkspaceRunOptions {
  /** The session to go on with. Default: a new one. */
  readonly sessionId?: string
  /** The file that the agent is to write as its result. */
  readonly outputFile?: string
  /** Names the run: the key of its rows, and of `answerTask`. Default: a random one. */
  readonly runId?: string
  /** Stops the agent. */
  readonly signal?: AbortSignal
}
