import { accessSync, constants, statSync } from 'node:fs'
// Whole, because a bundler's banner often declares `createRequire` for the whole bundle.
import * as nodeModule from 'node:module'
import { delimiter, dirname, join, resolve } from 'node:path'
import { WireError } from '../errors.js'

/** Where to look for the `opencode` executable. */
export interface FindOpencodeOptions {
  /** Path of the executable; when given nothing else is tried. */
  readonly binary?: string
  /** npm package that holds `bin/opencode`. Default: the one for this platform, such as `opencode-linux-x64`. */
  readonly package?: string
  /** Folder from which the npm package is resolved. Default: the current directory. */
  readonly resolveFrom?: string
  /** Environment whose `OPENCODE_BINARY` and `PATH` are used. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** An executable that was found. */
export interface FoundOpencode {
  /** Absolute path. */
  readonly path: string
  /** Which place it came from. */
  readonly source: 'option' | 'environment' | 'path' | 'package'
}

/**
 * Finds the `opencode` executable: the given one, else (unless a `package` is named) that of `OPENCODE_BINARY` or the
 * one on `PATH`, else the one inside the npm package for this platform.
 *
 * @throws WireError with code `server_unsupported` when there is none, and always on Windows.
 */
export function findOpencode(options: FindOpencodeOptions = {}): FoundOpencode {
  assertSupportedPlatform()
  const env = options.package === undefined ? (options.env ?? process.env) : {}
  const named = options.binary ?? (env['OPENCODE_BINARY'] || undefined)
  if (named !== undefined) {
    const path = resolve(named)
    const source = options.binary === undefined ? 'environment' : 'option'
    if (isExecutable(path)) return { path, source }
    const option = source === 'option' ? 'binary' : 'OPENCODE_BINARY'
    throw missing(`The executable given as \`${option}\` is missing or not executable: ${path}.`)
  }
  const onPath = findOnPath(env)
  if (onPath !== null) return { path: onPath, source: 'path' }

  const name = options.package ?? `opencode-${process.platform}-${process.arch}`
  const folder = resolve(options.resolveFrom ?? '.')
  const inPackage = findInPackage(name, folder)
  if (inPackage !== null) return { path: inPackage, source: 'package' }
  throw missing(
    `No opencode executable found: ${onPathSentence(options)}the npm package ${name} cannot be resolved from ${folder}. ` +
      `Give \`binary\`, set OPENCODE_BINARY, put opencode on PATH, or install ${name}.`,
  )
}

/** Process groups, signals and the orphan record have no equivalent on Windows. */
export function assertSupportedPlatform(platform: NodeJS.Platform = process.platform): void {
  if (platform !== 'win32') return
  throw new WireError(
    'server_unsupported',
    'Running opencode as a child process is not supported on Windows. Run it in WSL or a container and connect with createClient({ baseUrl }).',
    { delivered: 'no' },
  )
}

function onPathSentence(options: FindOpencodeOptions): string {
  return options.package === undefined ? 'it is not on PATH, and ' : ''
}

function missing(message: string): WireError {
  return new WireError('server_unsupported', message, { delivered: 'no' })
}

function findOnPath(env: Readonly<Record<string, string | undefined>>): string | null {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue
    const path = resolve(folder, 'opencode')
    if (isExecutable(path)) return path
  }
  return null
}

/** A strict installer hides the platform package behind `opencode-ai`, so that one is a second starting point. */
function findInPackage(name: string, folder: string): string | null {
  const wrapper = resolvePackage('opencode-ai', folder)
  for (const from of wrapper === null ? [folder] : [folder, wrapper]) {
    const root = resolvePackage(name, from)
    if (root === null) continue
    const path = join(root, 'bin', 'opencode')
    if (isExecutable(path)) return path
  }
  return null
}

function resolvePackage(name: string, folder: string): string | null {
  try {
    return dirname(
      nodeModule.createRequire(join(folder, 'noop.js')).resolve(`${name}/package.json`),
    )
  } catch {
    return null
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
