import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join, normalize, sep } from 'node:path'

/** The files that the agent sees, by absolute path. */
export interface Files {
  read(path: string): Uint8Array | null
  write(path: string, bytes: Uint8Array): void
  remove(path: string): void
  /** Paths of all files below a directory, sorted. */
  list(directory: string): readonly string[]
  /** Whether there is a directory at this path. */
  isDirectory(path: string): boolean
}

/** Files that exist in memory only. */
export function createMemoryFiles(): Files {
  const contents = new Map<string, Uint8Array>()
  const below = (directory: string): readonly string[] =>
    [...contents.keys()]
      .filter((path) => path.startsWith(directory.endsWith(sep) ? directory : directory + sep))
      .toSorted()
  return {
    read: (path) => contents.get(path) ?? null,
    write: (path, bytes) => void contents.set(path, bytes),
    remove: (path) => void contents.delete(path),
    list: below,
    isDirectory: (path) => below(path).length > 0,
  }
}

/** The machine's files: what the scripted agent writes is really written. */
export function createDiskFiles(): Files {
  const statOf = (path: string): ReturnType<typeof statSync> | null => {
    try {
      return statSync(path)
    } catch {
      return null
    }
  }
  return {
    read: (path) => (statOf(path)?.isFile() ? new Uint8Array(readFileSync(path)) : null),
    write(path, bytes) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, bytes)
    },
    remove: (path) => rmSync(path, { force: true }),
    list(directory) {
      if (!statOf(directory)?.isDirectory()) return []
      return readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter(
          (entry) =>
            entry.isFile() && !join(entry.parentPath, entry.name).includes(`${sep}.git${sep}`),
        )
        .map((entry) => join(entry.parentPath, entry.name))
        .toSorted()
    },
    isDirectory: (path) => statOf(path)?.isDirectory() ?? false,
  }
}

/** A path of the agent as an absolute one. */
export function toAbsolute(directory: string, path: string): string {
  return normalize(isAbsolute(path) ? path : join(directory, path))
}
