import { build as bundle, type Plugin } from 'esbuild'
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const folder = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url))
const made = new Map<string, Promise<string>>()

/**
 * Path of a JavaScript file that does what a TypeScript module of this repository does when it is run from its sources: those of
 * its packages are in it, other packages are imported from where they are. Node starts from it without a loader, in a third of
 * the time. It is made once in a process.
 *
 * @param module - Where it is, as a `file:` address or a path.
 */
export function compiled(module: URL | string): Promise<string> {
  const path = module instanceof URL ? fileURLToPath(module) : module
  const known = made.get(path)
  if (known !== undefined) return known
  const making = compile(path)
  made.set(path, making)
  return making
}

async function compile(path: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const outfile = join(
    folder,
    `${createHash('sha256').update(path).digest('hex').slice(0, 16)}.mjs`,
  )
  const fresh = `${outfile}.${randomUUID()}`
  await bundle({
    entryPoints: [path],
    outfile: fresh,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['@turnstead/source'],
    plugins: [otherPackagesOutside, ownAddresses],
    logLevel: 'error',
  })
  // Other processes may be about to start from the one before.
  await rename(fresh, outfile)
  return outfile
}

const isResolved = Symbol('resolved')

/** By where they are, so that the file may be anywhere. */
const otherPackagesOutside: Plugin = {
  name: 'other packages outside',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      const isOurs = path.startsWith('@turnstead') || path.startsWith('node:')
      if (isOurs || kind === 'entry-point' || pluginData === isResolved) return
      const found = await build.resolve(path, { resolveDir, kind, pluginData: isResolved })
      if (found.errors.length > 0 || found.external) return found
      const isImport = kind === 'import-statement' || kind === 'dynamic-import'
      return { path: isImport ? pathToFileURL(found.path).href : found.path, external: true }
    })
  },
}

/** What a module finds beside itself is beside its source. */
const ownAddresses: Plugin = {
  name: 'own addresses',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      if (!source.includes('import.meta.url')) return
      const address = JSON.stringify(pathToFileURL(path).href)
      return { contents: source.replaceAll('import.meta.url', address), loader: 'ts' }
    })
  },
}
