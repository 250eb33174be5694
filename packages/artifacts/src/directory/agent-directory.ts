import { lstat, realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

import { errorCode } from '../system-error.js'

/** The agent's directory as the disk shows it now. */
export type AgentDirectory =
  | { readonly state: 'present'; readonly root: string }
  | { readonly state: 'unsafe' }
  | { readonly state: 'unreachable' }

/**
 * Finds the real path of the agent's directory. Links above it are the host's own (`/tmp` on macOS is one);
 * the directory itself may be in the agent's hands, so there a link is refused.
 */
export async function findAgentDirectory(directory: string | undefined): Promise<AgentDirectory> {
  if (directory === undefined) return { state: 'unreachable' }
  const path = resolve(directory)
  try {
    const info = await lstat(path)
    if (!info.isDirectory()) return { state: 'unsafe' }
    const parent = dirname(path)
    if (parent === path) return { state: 'present', root: path }
    return { state: 'present', root: join(await realpath(parent), path.slice(parent.length)) }
  } catch (error) {
    // ENOENT, EACCES, EIO, ESTALE …: this disk does not show it. Anything else is our own mistake.
    if (errorCode(error) === undefined) throw error
    return { state: 'unreachable' }
  }
}
