import type { Stats } from 'node:fs'
import { lstat, open, opendir, realpath, type FileHandle } from 'node:fs/promises'

/**
 * The calls that reading from the agent's disk makes. A seam, so that tests can swap a file between any two
 * of them.
 */
export interface FileSystem {
  lstat(path: string): Promise<Stats>
  realpath(path: string): Promise<string>
  open(path: string, flags: number): Promise<FileHandle>
  /** Names in a folder, as they come; ends reading when it is left. */
  names(path: string): AsyncIterable<string>
}

export const nodeFileSystem: FileSystem = {
  lstat: async (path) => lstat(path),
  realpath: async (path) => realpath(path),
  open: async (path, flags) => open(path, flags),
  names: async function* (path) {
    for await (const { name } of await opendir(path)) yield name
  },
}
