import type { Stats } from 'node:fs'
import { lstat, open, realpath, type FileHandle } from 'node:fs/promises'

/**
 * The calls that reading from the agent's disk makes. A seam, so that tests can swap a file between any two
 * of them.
 */
export interface FileSystem {
  lstat(path: string): Promise<Stats>
  realpath(path: string): Promise<string>
  open(path: string, flags: number): Promise<FileHandle>
}

export const nodeFileSystem: FileSystem = {
  lstat: async (path) => lstat(path),
  realpath: async (path) => realpath(path),
  open: async (path, flags) => open(path, flags),
}
