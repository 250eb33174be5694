import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { describe, it } from 'mocha'

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

describe('docs/errors.md', () => {
  for (const name of readdirSync(join(root, 'packages'))) {
    const unions = errorUnions(name)

    it(`lists exactly the error codes of ${name}`, () => {
      const codes = unions.flatMap((union) => union.codes)
      const documented = rowsOf(name).map(([code]) => code)
      expect(documented).to.have.members(codes)
    })

    for (const union of unions) {
      it(`says of each ${union.errorName} whether a retry can help`, async () => {
        for (const [code = '', , retryable] of rowsOf(name)) {
          expect(retryable === 'yes', code).to.equal(await isRetryable(union, code))
        }
      })

      it(`names the class ${union.errorName}`, () => {
        expect(sections.get(name)).to.contain(`\`${union.errorName}\``)
      })
    }

    it(`leaves no cell of ${name} empty`, () => {
      for (const row of rowsOf(name)) {
        expect(row, row[0]).to.have.length(4)
        for (const cell of row) expect(cell, row[0]).not.to.equal('')
      }
    })
  }

  it('finds the unions that it compares', () => {
    const found = errorUnions('wire').find((union) => union.errorName === 'WireError')
    expect(found?.codes).to.include('session_not_found').and.to.have.length.above(10)
  })
})
