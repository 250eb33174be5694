/**
 * The lockfile must serve every developer: it names no host, and it holds every optional platform
 * package of every installed package. A registry that lacks, say, one darwin build makes the package
 * manager write a lockfile that is silently broken on that platform.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const store = 'node_modules/.pnpm'
const lock = readFileSync('pnpm-lock.yaml', 'utf8')
const problems: string[] = []

/** `name@version` of every entry in the lockfile's `packages` section. */
function lockedPackages(): Set<string> {
  const section = lock.slice(lock.indexOf('\npackages:\n'), lock.indexOf('\nsnapshots:\n'))
  const keys = section.matchAll(/^ {2}(?:'([^']+)'|([^\s':][^:]*)):$/gm)
  return new Set([...keys].map((match) => match[1] ?? match[2] ?? ''))
}

function readManifest(path: string): Manifest | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

function namesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) =>
    name.startsWith('@')
      ? readdirSync(join(folder, name)).map((inner) => `${name}/${inner}`)
      : [name],
  )
}

/** Every manifest in the virtual store; links to other entries repeat some, which is harmless. */
function installedManifests(): Map<string, Manifest> {
  const manifests = new Map<string, Manifest>()
  for (const entry of readdirSync(store)) {
    if (entry === 'node_modules' || !entry.includes('@')) continue
    const folder = join(store, entry, 'node_modules')
    for (const name of namesIn(folder)) {
      const manifest = readManifest(join(folder, name, 'package.json'))
      if (manifest !== null) manifests.set(`${manifest.name}@${manifest.version}`, manifest)
    }
  }
  return manifests
}

function isLocked(locked: Set<string>, name: string, range: string): boolean {
  const isExact = /^\d+\.\d+\.\d+[\w.+-]*$/.test(range)
  if (isExact) return locked.has(`${name}@${range}`)
  return [...locked].some((key) => key.startsWith(`${name}@`))
}

const locked = lockedPackages()
const manifests = installedManifests()
let compared = 0
for (const [id, manifest] of manifests) {
  // The store of a tree that was installed more than once may still hold what is no longer used.
  if (!locked.has(id)) continue
  for (const [name, range] of Object.entries(manifest.optionalDependencies ?? {})) {
    compared += 1
    if (isLocked(locked, name, range)) continue
    problems.push(`${id} needs ${name}@${range} on another platform; the lockfile lacks it`)
  }
}
if (locked.size === 0 || compared === 0)
  problems.push('nothing was compared: is the tree installed?')

for (const line of lock.matchAll(/^.*(?:https?:\/\/|tarball:).*$/gm)) {
  problems.push(`the lockfile names a host: ${line[0].trim()}`)
}

for (const problem of problems) console.error(`lockfile: ${problem}`)
if (problems.length > 0) process.exit(1)
console.log(`lockfile: ${locked.size} packages, ${compared} optional platform packages, no host`)
