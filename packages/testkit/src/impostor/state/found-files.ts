import { relative, sep } from 'node:path'
import { ignoredIn } from './searched-files.js'
import type { World } from './world.js'

/** What is looked for by name. */
export interface FileQuery {
  readonly words: string
  /** Default: both. */
  readonly type: 'file' | 'directory' | null
  readonly limit: number
}

/**
 * Files and folders by their names, hidden and ignored ones left out. The server's search forgives typing errors and
 * orders by a score of its own; here a name has every letter of the query in its order, and the nearest come first.
 */
export function findFiles(
  world: World,
  directory: string,
  { limit, type, words }: FileQuery,
): readonly string[] {
  const isIgnored = ignoredIn(world, directory)
  const files = world.files
    .list(directory)
    .filter((path) => !isIgnored(path))
    .map((path) => relative(directory, path))
    .filter((path) => !path.split(sep).some((name) => name.startsWith('.')))
  const folders = new Set(files.flatMap(foldersOf))
  const paths = [...(type === 'directory' ? [] : files), ...(type === 'file' ? [] : folders)]
  const letters = words.trim().toLowerCase()
  return paths
    .map((path) => ({ path, distance: distanceOf(path.toLowerCase(), letters) }))
    .filter(({ distance }) => distance !== null)
    .toSorted(
      (one, other) =>
        (one.distance ?? 0) - (other.distance ?? 0) ||
        one.path.length - other.path.length ||
        (one.path < other.path ? -1 : 1),
    )
    .slice(0, limit)
    .map(({ path }) => path)
}

function foldersOf(path: string): readonly string[] {
  const names = path.split(sep).slice(0, -1)
  return names.map((_name, index) => names.slice(0, index + 1).join(sep) + sep)
}

/** How far a path is from what was asked for; null when it is something else. */
function distanceOf(path: string, words: string): number | null {
  if (words.length < 2) return 0
  const name = path.replace(/\/$/u, '').split(sep).at(-1) ?? path
  if (name === words || path === words) return 0
  if (name.startsWith(words)) return 1
  if (name.includes(words)) return 2
  if (path.includes(words)) return 3
  return hasInOrder(name, words) ? 4 : hasInOrder(path, words) ? 5 : null
}

function hasInOrder(path: string, words: string): boolean {
  let at = 0
  for (const letter of words.replaceAll(/\s/gu, '')) {
    at = path.indexOf(letter, at) + 1
    if (at === 0) return false
  }
  return true
}
