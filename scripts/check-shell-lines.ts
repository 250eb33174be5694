/**
 * Every shell line of the pages leads somewhere: packages to install exist, scripts and test files are there, and commands
 * of our own packages run. A line of a kind that is not known here is an error, so that none goes unread.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

interface Manifest {
  readonly name: string
  readonly bin?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  /** The tool that these packages are packed with, with its version. */
  readonly packageManager?: string
}

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
const folders = readdirSync('packages').map((name) => join('packages', name))
const ours = new Map(folders.map((folder) => [readManifest(folder).name, folder]))
const lockfile = readFileSync('pnpm-lock.yaml', 'utf8')
const { scripts = {}, packageManager } = readManifest('.')
const scoped = [...folders, ...readdirSync('examples').map((name) => join('examples', name))]
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...scoped.map((folder) => join(folder, 'README.md')).filter((page) => existsSync(page)),
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

/** Lines of shell blocks, and commands of `npx` anywhere in the text. */
function* linesOf(page: string): Generator<string> {
  const text = readFileSync(page, 'utf8')
  for (const block of text.matchAll(/^```(?:sh|bash|shell)\n([\s\S]*?)^```/gm)) {
    for (const line of (block[1] ?? '').split('\n')) yield line
  }
  for (const inline of text.matchAll(/`(npx [^`]+)`/g)) yield inline[1] ?? ''
}

function problemOf(line: string): string | null {
  const [command = '', ...words] = line
    .replace(/\s#.*$/, '')
    .trim()
    .split(/\s+/)
  const rest = words.filter((word) => !word.startsWith('-'))
  switch (command) {
    case '':
      return null
    case '.ci/run':
      return isExecutable(command) ? null : 'is not executable'
    case 'npm':
      return problemOfNpm(rest)
    case 'npx':
      return problemOfNpx(rest)
    default:
      return `begins with \`${command}\`, which this check does not know`
  }
}

function problemOfNpm([verb = '', ...names]: readonly string[]): string | null {
  if (verb === 'install' || verb === 'i') {
    const isLocked = (name: string): boolean =>
      ['', "'"].some((quote) => lockfile.includes(`\n  ${quote}${name}@`))
    const missing = names.filter((name) => !ours.has(name) && !isLocked(name))
    return missing.length === 0 ? null : `installs ${missing.join(', ')}, which nothing here uses`
  }
  const script = verb === 'run' ? (names[0] ?? '') : verb
  return script in scripts ? null : `runs the script ${script}, which package.json has not`
}

function problemOfNpx([name = '', ...words]: readonly string[]): string | null {
  if (name === 'mocha') {
    const pattern = words[0]?.replaceAll("'", '') ?? ''
    const place = pattern.replace(/\/[^/]*\*.*$/, '')
    return existsSync(place) ? null : `names ${place}, which does not exist`
  }
  if (name === packageManager) return null
  const folder = ours.get(name)
  const bins = folder === undefined ? [] : Object.values(readManifest(folder).bin ?? {})
  const [bin] = bins
  if (folder === undefined || bins.length !== 1 || bin === undefined) {
    return `runs ${name}, which has no command of its own`
  }
  // Without its options a command explains itself; that it does is proof that it starts as it is packed.
  const file = join(folder, bin)
  if (!existsSync(file)) return `needs ${file}; build first`
  const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
  const [verb = ''] = words
  return status === 2 && stderr.includes(verb) ? null : `ends with ${String(status)}: ${stderr}`
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const problems = pages.flatMap((page) =>
  [...linesOf(page)].flatMap((line) => {
    const problem = problemOf(line)
    return problem === null ? [] : [`${page}: \`${line.trim()}\` ${problem}`]
  }),
)
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
else console.log(`shell lines: all of ${pages.length} pages lead somewhere`)
