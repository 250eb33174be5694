/**
 * The house: which folder may import which. A folder imports only folders of later levels than its
 * own, types included; a file in `src/` itself has the level of the highest folder that it imports.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { trees } from './rooms.js'

const mostFiles = 20
const importPattern = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']*)'/g

interface SourceFile {
  readonly path: string
  readonly room: string
  readonly imports: readonly string[]
}

const roomOf = (path: string): string => (dirname(path) === '.' ? '' : dirname(path))

function readTree(root: string): SourceFile[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  const paths = names
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => name.replaceAll('\\', '/'))
  return paths.map((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    const targets = [...text.matchAll(importPattern)].map(([, target = '']) =>
      normalize(join(dirname(path), target)).replace(/\.js$/, '.ts'),
    )
    return { path, room: roomOf(path), imports: targets }
  })
}

function problemsOf(root: string, levels: readonly (readonly string[])[]): string[] {
  const files = readTree(root)
  const byPath = new Map(files.map((file) => [file.path, file]))
  const levelOf = new Map(levels.flatMap((rooms, level) => rooms.map((room) => [room, level])))
  const problems: string[] = []

  /** The level that a file has for those who import it. */
  const levelOfFile = (path: string, above: readonly string[] = []): number => {
    const room = roomOf(path)
    if (room !== '') return levelOf.get(room) ?? -1
    const imports = byPath.get(path)?.imports ?? []
    const below = imports.filter((target) => !above.includes(target))
    return Math.min(Infinity, ...below.map((target) => levelOfFile(target, [...above, path])))
  }

  const sizes = new Map([...levelOf.keys(), ''].map((room) => [room, 0]))
  for (const { room } of files) sizes.set(room, (sizes.get(room) ?? 0) + 1)
  for (const [room, size] of sizes) {
    const folder = join(root, room)
    if (size > mostFiles) problems.push(`${folder}: ${size} files, at most ${mostFiles}`)
    if (size === 0 && room !== '') problems.push(`${folder}: no such folder, but it has a level`)
    if (room !== '' && !levelOf.has(room)) problems.push(`${folder}: has no level here`)
  }

  for (const { path, room, imports } of files) {
    for (const target of imports) {
      const name = `${root}/${path} imports ${target}`
      if (target.startsWith('..')) problems.push(`${name}, which is outside ${root}`)
      if (room === '' || roomOf(target) === room) continue
      const isBelow = levelOfFile(target) > (levelOf.get(room) ?? Infinity)
      if (!isBelow && levelOf.has(room)) problems.push(`${name}, which is not below ${room}`)
    }
  }
  return problems
}

const sourceTrees = [
  ...readdirSync('packages').map((name) => `packages/${name}/src`),
  ...Object.keys(trees).filter((root) => !root.startsWith('packages/')),
]
const problems = sourceTrees.flatMap((root) => {
  const levels = trees[root]
  return levels === undefined
    ? [`${root}: its folders have no levels here`]
    : problemsOf(root, levels)
})
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`rooms: ${sourceTrees.length} source trees import downwards only`)
