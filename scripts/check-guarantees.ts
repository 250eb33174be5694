/** Holds docs/guarantees.md to the tests: each title in “quotes” stands in the file that is linked before it; `…` is for any text. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../docs')
const page = readFileSync(join(folder, 'guarantees.md'), 'utf8')

/** True when the file has a test, a law or a case of a contract of this title. */
function hasTitle(source: string, title: string): boolean {
  const pieces = title
    .split('…')
    .map((piece) => piece.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`['"\`]${pieces.join(String.raw`[^\n]*`)}['"\`]`).test(source)
}

function problemsOf(row: string): string[] {
  let source = ''
  let path = ''
  return [...row.matchAll(/\]\((?<path>[^)\s]+)\)|“(?<title>[^”]+)”/g)].flatMap(({ groups }) => {
    if (groups?.['path'] !== undefined) {
      path = join(folder, groups['path'])
      source = existsSync(path) ? readFileSync(path, 'utf8') : ''
      return source === '' ? [`${groups['path']} does not exist`] : []
    }
    const title = groups?.['title'] ?? ''
    count += 1
    return hasTitle(source, title) ? [] : [`${path} has no “${title}”`]
  })
}

let count = 0
const rows = page.split('\n').filter((line) => line.startsWith('| ') && line.includes(']('))
const problems = rows.flatMap(problemsOf)
if (count < 50) problems.push('check-guarantees no longer finds the titles that it compares')
for (const problem of problems) console.error(`docs/guarantees.md: ${problem}`)
if (problems.length > 0) process.exit(1)
console.log(`guarantees: ${count} tests are there`)
