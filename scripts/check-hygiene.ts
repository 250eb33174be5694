/** What must not be committed: machine paths, registry hosts, unfinished work, READMEs that outgrew a page. */
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'

interface Rule {
  readonly pattern: RegExp
  readonly why: string
  readonly applies: (path: string) => boolean
}

const recorded = /(^|\/)(cassettes|generated|fixtures)\/|openapi\.json$|\.jsonl$/
const source = /\.(ts|js|cjs|mjs|css)$/
const everywhere = (path: string): boolean => !recorded.test(path)

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
/** The folder of this checkout and its user, when they are long enough not to be a common word. */
const ownPaths = [process.cwd(), homedir()]
  .filter((path) => path.split('/').length > 2)
  .map((path) => ({
    pattern: new RegExp(`${escapeRegExp(path)}(?![\\w.-])`),
    why: `names ${path}, a folder of this machine`,
    applies: everywhere,
  }))

const rules: readonly Rule[] = [
  ...ownPaths,
  {
    pattern: /(?<![\w.])\/(?:work|root|home\/[a-z]+|Users\/[A-Za-z]+)\/(?![.\s`'"])/,
    why: 'names a folder of one machine',
    applies: everywhere,
  },
  {
    pattern: /\.\.\/shared\//,
    why: 'points outside the project',
    applies: (path) => everywhere(path) && !source.test(path),
  },
  {
    pattern: /https?:\/\/[^\s/'"`]*(?:registry|npm-proxy|artifactory|nexus)[^\s/'"`]*/i,
    why: 'names a registry',
    // The public registry is what the release publishes to.
    applies: (path) => everywhere(path) && path !== '.github/workflows/release.yml',
  },
  {
    pattern: /\b(?:TODO|FIXME|XXX)\b(?!.*#\d)/,
    why: 'leaves work undone without an issue number',
    applies: (path) => everywhere(path) && source.test(path),
  },
]

function listFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    encoding: 'utf8',
  })
  const isText = (path: string): boolean =>
    path !== '' &&
    path !== 'pnpm-lock.yaml' &&
    path !== 'scripts/check-hygiene.ts' &&
    !/\.(png|jpe?g|webp|ico|woff2?|gz|db)$/.test(path) &&
    statSync(path, { throwIfNoEntry: false })?.isFile() === true
  return listed.split('\0').filter(isText)
}

const longestReadme = 200

function problemsIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  const applicable = rules.filter((rule) => rule.applies(path))
  const found = lines.flatMap((line, index) =>
    applicable
      .filter((rule) => rule.pattern.test(line))
      .map((rule) => `${path}:${index + 1}: ${rule.why}`),
  )
  if (/(^|\/)README\.md$/.test(path) && lines.length > longestReadme) {
    found.push(`${path}: ${lines.length} lines, at most ${longestReadme}`)
  }
  return found
}

/** What each package has of its own, since the packages depend on none of ours: all copies begin with one text. */
const copied = ['clock.ts', 'listen.ts']

function copyProblems(paths: readonly string[], name: string): string[] {
  const inSource = /^packages\/[^/]+\/src\//
  const copies = paths.filter((path) => inSource.test(path) && path.endsWith(`/${name}`))
  const texts = copies.map((path) => ({ path, text: readFileSync(path, 'utf8') }))
  const shared = texts.reduce((a, b) => (b.text.length < a.text.length ? b : a))
  return texts
    .filter(({ text }) => !text.startsWith(shared.text))
    .map(({ path }) => `${path}: does not begin with the text of ${shared.path}`)
}

const files = listFiles()
const problems = [
  ...files.flatMap(problemsIn),
  ...copied.flatMap((name) => copyProblems(files, name)),
]
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`hygiene: ${files.length} files are clean`)
