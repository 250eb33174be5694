import { readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'

import { isTemporaryName, parseEntryName, toDirectoryPath } from './paths.js'
import { isMissing } from '../system-error.js'
import { parseArtifactKey, type ArtifactKey } from '../store/key.js'

interface Node {
  /** A whole key for an object; the beginning of keys, with its slash, for a folder. */
  readonly text: string
  readonly path: string
  readonly isObject: boolean
}

/** Which keys to walk. */
export interface WalkOptions {
  readonly prefix: string
  readonly after: string
  readonly signal: AbortSignal | undefined
}

/**
 * Keys in ascending order, one folder in memory at a time. A folder sorts as its name with a slash: every
 * key inside begins with that text, and no sibling sorts between them.
 */
export async function* walkKeys(root: string, options: WalkOptions): AsyncGenerator<ArtifactKey> {
  const segments = options.prefix.split('/').slice(0, -1)
  const base = segments.map((segment) => `${segment}/`).join('')
  yield* walk(toDirectoryPath(root, segments), base, options)
}

/** Removes temporary files that were not touched since `before`; returns how many. */
export async function removeTemporaries(
  directory: string,
  before: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let removed = 0
  for (const name of await namesIn(directory)) {
    signal?.throwIfAborted()
    const path = join(directory, name)
    if (parseEntryName(name)?.kind === 'directory') {
      removed += await removeTemporaries(path, before, signal)
    } else if (isTemporaryName(name)) {
      removed += (await removeIfOlder(path, before)) ? 1 : 0
    }
  }
  return removed
}

async function* walk(
  directory: string,
  base: string,
  options: WalkOptions,
): AsyncGenerator<ArtifactKey> {
  const { prefix, after, signal } = options
  for (const node of await childrenOf(directory, base)) {
    signal?.throwIfAborted()
    if (node.isObject) {
      if (node.text.startsWith(prefix) && node.text > after) yield parseArtifactKey(node.text)
    } else {
      const mayMatch = node.text.startsWith(prefix) || prefix.startsWith(node.text)
      const isPast = node.text < after && !after.startsWith(node.text)
      if (mayMatch && !isPast) yield* walk(node.path, node.text, options)
    }
  }
}

async function childrenOf(directory: string, base: string): Promise<Node[]> {
  const nodes: Node[] = []
  for (const name of await namesIn(directory)) {
    const entry = parseEntryName(name)
    if (entry === null) continue
    const isObject = entry.kind === 'object'
    const text = base + entry.segment + (isObject ? '' : '/')
    nodes.push({ text, path: join(directory, name), isObject })
  }
  return nodes.sort((one, other) => (one.text < other.text ? -1 : 1))
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

async function removeIfOlder(path: string, before: number): Promise<boolean> {
  try {
    if ((await stat(path)).mtimeMs >= before) return false
    await unlink(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}
