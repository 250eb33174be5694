/**
 * Packs every public package as a release would, and looks at the tarballs as a host would: names
 * and files, publint, are-the-types-wrong, and an installation without any optional peer.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

import { proveImports, type PackedPackage } from './packed-imports.js'

const pnpm = ['-y', '--prefer-offline', 'pnpm@10.34.9']
const scratch = mkdtempSync(join(tmpdir(), 'turnstead-pack-'))
const problems: string[] = []

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

function outputOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const parts = ['stdout' in error ? error.stdout : '', 'stderr' in error ? error.stderr : '']
  return [error.message, ...parts.map(String)].join('\n').trim()
}

/** Packs one package and unpacks the tarball to where an installation would put it. */
function pack(folder: string): PackedPackage {
  const tarballs = join(scratch, 'tarballs', folder)
  mkdirSync(tarballs, { recursive: true })
  run('npx', [...pnpm, 'pack', '--pack-destination', tarballs], folder)
  const [name = ''] = readdirSync(tarballs)
  const tarball = join(tarballs, name)
  const manifest = JSON.parse(run('tar', ['-xzOf', tarball, 'package/package.json'], '.'))
  const installed = join(scratch, 'node_modules', manifest.name)
  mkdirSync(installed, { recursive: true })
  run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'], '.')
  return { folder, tarball, manifest, installed }
}

function checkFiles({ folder, manifest, installed }: PackedPackage): void {
  const report = (problem: string): number => problems.push(`${manifest.name}: ${problem}`)
  // The version step writes the changelog; before the first one there is none.
  const isReleased = existsSync(join(folder, 'CHANGELOG.md')) || manifest.version !== '0.1.0'
  for (const file of ['LICENSE', 'README.md', ...(isReleased ? ['CHANGELOG.md'] : [])]) {
    if (!existsSync(join(installed, file))) report(`the tarball lacks ${file}`)
  }
  if (!manifest.files?.includes('CHANGELOG.md')) report('`files` lacks CHANGELOG.md')
  const text = readFileSync(join(installed, 'package.json'), 'utf8')
  if (text.includes('workspace:')) report('a `workspace:` range was not replaced')
  if (/"(?:pre|post)?install"|"prepare"/.test(text)) report('has an install script')
  if (manifest.type !== 'module') report('is not ESM only')
  if (manifest.sideEffects !== false) report('does not declare `sideEffects: false`')
  if (manifest.engines?.node !== '>=20.19') report('`engines.node` is not >=20.19')
  for (const [entry, target] of Object.entries(manifest.exports)) {
    const targets = typeof target === 'string' ? { default: target } : target
    for (const [condition, path] of Object.entries(targets)) {
      const wanted = condition === '@turnstead/source' ? './src/' : './dist/'
      const isPlaced = path.startsWith(wanted) || path === './package.json'
      if (!isPlaced) report(`export ${entry} (${condition}) is outside ${wanted}: ${path}`)
      if (!existsSync(join(installed, path))) report(`export ${entry} names a missing ${path}`)
    }
  }
}

function arrayBufferOf(path: string): ArrayBuffer {
  const bytes = readFileSync(path)
  return new Uint8Array(bytes).buffer
}

async function checkByPublint({ manifest, tarball }: PackedPackage): Promise<void> {
  const { messages, pkg } = await publint({
    pack: { tarball: arrayBufferOf(tarball) },
    strict: true,
  })
  for (const message of messages) {
    problems.push(`${manifest.name}: publint: ${formatMessage(message, pkg, { color: false })}`)
  }
}

function checkTypes({ manifest, tarball }: PackedPackage): void {
  try {
    run('node_modules/.bin/attw', [tarball, '--profile', 'esm-only', '--format', 'ascii'], '.')
  } catch (error) {
    problems.push(`${manifest.name}: attw: ${outputOf(error)}`)
  }
}

try {
  const folders = readdirSync('packages').map((name) => join('packages', name))
  const isBuilt = (folder: string): boolean => existsSync(join(folder, 'dist', 'index.js'))
  for (const folder of folders.filter((each) => !isBuilt(each))) {
    problems.push(`${folder}: not built; run \`npm run build\` first`)
  }
  const packed = folders.filter(isBuilt).map(pack)
  for (const each of packed) {
    checkFiles(each)
    await checkByPublint(each)
    checkTypes(each)
  }
  problems.push(...proveImports(scratch, packed))
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
  else console.log(`packages: ${packed.length} tarballs are ready to publish`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
