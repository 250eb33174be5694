/** Holds docs/errors.md to the packages: every error code has its row, and the row says whether a retry can help. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface ErrorUnion {
  /** Name of the error class whose codes these are. */
  readonly errorName: string
  readonly codes: readonly string[]
  readonly path: string
}

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [/^\w+/.exec(section)?.[0] ?? '', section]),
)

/** Every exported `…ErrorCode` union of a package, read from its source. */
function errorUnions(name: string): ErrorUnion[] {
  const folder = join(root, 'packages', name, 'src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
    .flatMap((path) => {
      const source = readFileSync(path, 'utf8')
      const unions = source.matchAll(/^export type (\w+Error)Code =((?:\s*\|?\s*'\w+')+)/gm)
      return [...unions].map(([, errorName = '', union = '']) => ({
        errorName,
        codes: [...union.matchAll(/'(\w+)'/g)].map((code) => code[1] ?? ''),
        path,
      }))
    })
}

/** The rows of a package's table: code, meaning, retryable, what to do. */
function rowsOf(name: string): string[][] {
  const lines = (sections.get(name) ?? '').split('\n').filter((line) => line.startsWith('| `'))
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}

async function isRetryable(union: ErrorUnion, code: string): Promise<boolean> {
  const module = await import(pathToFileURL(union.path).href)
  return new module[union.errorName](code, 'a message').retryable
}

async function problemsOf(name: string): Promise<string[]> {
  const unions = errorUnions(name)
  const rows = rowsOf(name)
  const codes = unions.flatMap((union) => union.codes)
  const documented = rows.map(([code]) => code)
  const problems = [
    ...codes.filter((code) => !documented.includes(code)).map((code) => `\`${code}\` has no row`),
    ...documented
      .filter((code) => !codes.includes(code ?? ''))
      .map((code) => `\`${code}\` is no code`),
    ...rows
      .filter((row) => row.length !== 4 || row.includes(''))
      .map(([code]) => `the row of \`${code}\` has an empty or missing cell`),
    ...unions
      .filter(({ errorName }) => !sections.get(name)?.includes(`\`${errorName}\``))
      .map(({ errorName }) => `the class \`${errorName}\` is not named`),
  ]
  for (const union of unions) {
    for (const [code = '', , retryable] of rows.filter(([code = '']) =>
      union.codes.includes(code),
    )) {
      if ((retryable === 'yes') === (await isRetryable(union, code))) continue
      problems.push(`\`${code}\` says "${retryable}" where the error says otherwise`)
    }
  }
  return problems.map((problem) => `docs/errors.md, ${name}: ${problem}`)
}

const names = readdirSync(join(root, 'packages'))
const found = names.flatMap((name) => errorUnions(name))
const problems = (await Promise.all(names.map(problemsOf))).flat()
if (found.length < 3) problems.push('check-docs no longer finds the unions that it compares')
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`docs: ${found.flatMap(({ codes }) => codes).length} error codes are documented`)
