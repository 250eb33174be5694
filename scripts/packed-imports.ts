/** Imports the packed packages in a project that holds only what each of them must have. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

type Ranges = Readonly<Record<string, string>>

export interface PackedPackage {
  /** The package's folder in the workspace. */
  readonly folder: string
  readonly tarball: string
  /** Where the tarball was unpacked: `node_modules/<name>` of the scratch project. */
  readonly installed: string
  readonly manifest: {
    readonly name: string
    readonly version: string
    readonly type?: string
    readonly files?: readonly string[]
    readonly sideEffects?: boolean
    readonly engines?: { readonly node?: string }
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
    readonly dependencies?: Ranges
    readonly peerDependencies?: Ranges
    readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  }
}

/** What no root entry may load, not even where a package requires it as a peer. */
const never = [
  'knex',
  'objection',
  'libsql',
  'multer',
  '@google-cloud/storage',
  'ai',
  '@opentelemetry/api',
]

/** What a package is there for, its root entry may load. */
const purposes: Readonly<Record<string, string>> = {
  '@turnstead/otel': '@opentelemetry/api',
  '@turnstead/task': 'ai',
}

/** Puts the workspace's copy of a dependency beside the unpacked package, as an installer would. */
function link(from: PackedPackage, names: readonly string[]): void {
  for (const name of names) {
    const source = join(from.folder, 'node_modules', name)
    const target = join(from.installed, 'node_modules', name)
    if (name.startsWith('@turnstead/') || existsSync(target)) continue
    if (!existsSync(source)) throw new Error(`${from.folder} does not have ${name} installed`)
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(resolve(source), target)
  }
}

function optionalPeers({ manifest }: PackedPackage): string[] {
  const meta = Object.entries(manifest.peerDependenciesMeta ?? {})
  return meta.filter(([, { optional }]) => optional === true).map(([name]) => name)
}

/** Runs `body` while those of our own packages are not installed. */
function without<Result>(scratch: string, names: readonly string[], body: () => Result): Result {
  const folders = names
    .map((name) => join(scratch, 'node_modules', name))
    .filter((each) => existsSync(each))
  for (const folder of folders) renameSync(folder, `${folder}.away`)
  try {
    return body()
  } finally {
    for (const folder of folders) renameSync(`${folder}.away`, folder)
  }
}

/** Null when every specifier can be imported by a plain Node process in the scratch project. */
function importAll(scratch: string, specifiers: readonly string[]): string | null {
  const program = specifiers.map((each) => `await import(${JSON.stringify(each)})`).join('\n')
  try {
    execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: scratch,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
      timeout: 30_000,
    })
    return null
  } catch (error) {
    return error instanceof Error
      ? error.message.split('\n').slice(0, 12).join('\n')
      : String(error)
  }
}

function checkDeclarations(scratch: string, specifiers: readonly string[]): string | null {
  const lines = specifiers.map((each, index) => `export * as m${index} from '${each}'`)
  writeFileSync(join(scratch, 'consumer.mts'), `${lines.join('\n')}\n`)
  const options =
    '--noEmit --strict --module nodenext --target es2022 --lib es2023,esnext.disposable'
  const args = [
    ...options.split(' '),
    '--skipLibCheck',
    '--typeRoots',
    resolve('node_modules/@types'),
  ]
  try {
    const tsc = resolve('node_modules/.bin/tsc')
    execFileSync(tsc, [...args, '--types', 'node', 'consumer.mts'], {
      cwd: scratch,
      encoding: 'utf8',
    })
    return null
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
  }
}

/**
 * Root entries must load with the dependencies and the required packages of ours alone; the other
 * entries with their peers beside them. Returns what went wrong.
 */
export function proveImports(scratch: string, packed: readonly PackedPackage[]): string[] {
  const problems: string[] = []
  writeFileSync(join(scratch, 'package.json'), '{ "private": true, "type": "module" }\n')
  for (const each of packed) {
    const { name: own, dependencies = {}, peerDependencies = {} } = each.manifest
    const optional = optionalPeers(each)
    const required = Object.keys(peerDependencies).filter((name) => !optional.includes(name))
    link(
      each,
      [...Object.keys(dependencies), ...required].filter(
        (name) => !never.includes(name) || purposes[own] === name,
      ),
    )
  }
  for (const each of packed) {
    const { name } = each.manifest
    const failure = without(scratch, optionalPeers(each), () => importAll(scratch, [name]))
    if (failure !== null) problems.push(`${name}: the root entry needs too much: ${failure}`)
  }
  const all: string[] = []
  for (const each of packed) {
    const { name, exports, peerDependencies = {} } = each.manifest
    link(each, Object.keys(peerDependencies))
    const entries = Object.keys(exports).filter((entry) => entry !== './package.json')
    const specifiers = entries.map((entry) => `${name}${entry.slice(1)}`)
    const failure = importAll(scratch, specifiers)
    if (failure !== null) problems.push(`${name}: an entry cannot be imported: ${failure}`)
    all.push(...specifiers)
  }
  const failure = checkDeclarations(scratch, all)
  if (failure !== null) problems.push(`the published types do not compile: ${failure}`)
  return problems
}
