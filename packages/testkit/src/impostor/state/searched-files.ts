import { relative } from 'node:path'
import { createIgnore } from './path-patterns.js'
import { worktreeOf, type World } from './world.js'

/** What a search goes through: all files below a folder, hidden ones too, but not those that git ignores. */
export function searchedFiles(world: World, directory: string, folder: string): readonly string[] {
  const isIgnored = ignoredIn(world, directory)
  return world.files.list(folder).filter((path) => !isIgnored(path))
}

/** What git ignores in the repository of a directory; nothing outside of one. */
export function ignoredIn(world: World, directory: string): (path: string) => boolean {
  if (!world.settings.git) return () => false
  const root = worktreeOf(world, directory)
  const bytes = world.files.read(`${root}/.gitignore`)
  if (bytes === null) return () => false
  const isIgnored = createIgnore(new TextDecoder().decode(bytes))
  return (path) => isIgnored(relative(root, path))
}

/** A line of a file in which something was found. */
export interface FoundLine {
  readonly path: string
  /** With its end of line. */
  readonly line: string
  /** From 1. */
  readonly number: number
  /** Where it begins, in bytes. */
  readonly offset: number
  readonly matches: readonly {
    readonly text: string
    readonly start: number
    readonly end: number
  }[]
}

/** Every line that a pattern is found in, by file. */
export function findLines(
  world: World,
  paths: readonly string[],
  pattern: string,
): readonly FoundLine[] {
  const source = new RegExp(pattern, 'gu')
  return paths.flatMap((path) => {
    const bytes = world.files.read(path)
    if (bytes === null || bytes.includes(0)) return []
    const lines = new TextDecoder().decode(bytes).match(/[^\n]*\n|[^\n]+$/gu) ?? []
    let at = 0
    return lines.flatMap((line, index) => {
      const offset = at
      at += Buffer.byteLength(line)
      const matches = [...line.replace(/\n$/u, '').matchAll(source)].map((match) => {
        const start = Buffer.byteLength(line.slice(0, match.index))
        return { text: match[0], start, end: start + Buffer.byteLength(match[0]) }
      })
      return matches.length === 0 ? [] : [{ path, line, number: index + 1, offset, matches }]
    })
  })
}
