/** Holds docs/guarantees.md to the tests: every title that it cites is in the file that it links to before it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const page = 'docs/guarantees.md'
const citation = /\]\((?<link>[^)#]+)[^)]*\)|“(?<title>[^”]+)”/g

/** A title as it is in the source; `…` is what differs from case to case. */
function patternOf(title: string): RegExp {
  const pieces = title.split('…').map((piece) => piece.trim())
  return new RegExp(
    pieces.map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('.*'),
  )
}

const problems: string[] = []
let cited = 0
for (const [index, line] of readFileSync(page, 'utf8').split('\n').entries()) {
  let path = ''
  for (const { groups } of line.matchAll(citation)) {
    if (groups?.['link'] !== undefined) path = join('docs', groups['link'])
    const title = groups?.['title']
    if (title === undefined) continue
    cited += 1
    const text = existsSync(path) ? readFileSync(path, 'utf8').replaceAll(String.raw`\'`, "'") : ''
    if (!patternOf(title).test(text))
      problems.push(`${page}:${index + 1}: “${title}” is not in ${path}`)
  }
}
if (cited === 0) problems.push(`${page}: cites no test; has its form changed?`)
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`guarantees: ${cited} titles exist`)
