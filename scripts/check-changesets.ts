/**
 * Every changeset names a package that exists and a level that is allowed, and a change of a
 * package's source comes with one. `--base <ref>` compares with that ref (default: none, so that
 * only the changesets themselves are read). `ALLOW_MAJOR=true` permits a breaking release.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { base: { type: 'string' } } })
const allowMajor = process.env['ALLOW_MAJOR'] === 'true'
const problems: string[] = []

const packageNames = new Set(
  readdirSync('packages')
    .map((name) => join('packages', name, 'package.json'))
    .filter((path) => existsSync(path))
    .map((path): unknown => JSON.parse(readFileSync(path, 'utf8')).name),
)

function checkChangeset(path: string): void {
  const text = readFileSync(path, 'utf8')
  const report = (problem: string): number => problems.push(`${path}: ${problem}`)
  const form = /^---\r?\n([\s\S]*?)---\r?\n([\s\S]*)$/.exec(text)
  if (form === null)
    return void report('does not begin with its packages between two lines of `---`')
  const [, header = '', body = ''] = form
  const releases = header.split('\n').filter((line) => line.trim() !== '')
  for (const line of releases) {
    const [, name = '', level = ''] = /^['"]?([^'":]+)['"]?:\s*(\w+)$/.exec(line.trim()) ?? []
    if (!packageNames.has(name)) report(`names a package that does not exist: ${line}`)
    if (!['patch', 'minor', 'major'].includes(level)) report(`has no known level: ${line}`)
    if (level === 'major' && !allowMajor) report('is major; label the request `allow-major`')
  }
  if (releases.length > 0 && body.trim() === '') report('says nothing to the user')
  if (/\b[\w/-]+\.(?:ts|js|json)\b/.test(body))
    report('names a file; write for users of the package')
}

/** Paths that differ from where this branch left the base. */
function changedSince(base: string): string[] {
  const range = `${base}...HEAD`
  return execFileSync('git', ['diff', '--name-only', range], { encoding: 'utf8' }).split('\n')
}

const changesets = readdirSync('.changeset')
  .filter((name) => name.endsWith('.md') && name !== 'README.md')
  .map((name) => join('.changeset', name))
changesets.forEach(checkChangeset)

if (values.base !== undefined) {
  const changed = changedSince(values.base)
  const sources = changed.filter((path) => /^packages\/[^/]+\/(?:src\/|package\.json$)/.test(path))
  const isChangeset = (path: string): boolean => /^\.changeset\/(?!README).*\.md$/.test(path)
  const added = changed.filter((path) => isChangeset(path) && existsSync(path))
  // The version step itself removes the changesets and edits the manifests.
  const isRelease = changed.some((path) => /^packages\/[^/]+\/CHANGELOG\.md$/.test(path))
  if (sources.length > 0 && added.length === 0 && !isRelease) {
    problems.push(`no changeset for a change of ${sources.join(', ')}; see CONTRIBUTING.md`)
  }
}

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`changesets: ${changesets.length} are in order`)
