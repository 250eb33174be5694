/**
 * Every TypeScript block of the READMEs and of docs/ is a complete program: this extracts each into
 * a file at the same line, so that an error of the compiler names the line of the page. And every link
 * of a page into this repository leads to a file.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'

interface Page {
  readonly path: string
  /** Where the blocks are compiled, so that imports resolve as for a user of that package. */
  readonly home: string
}

const scratch = '.readme-check'
const packages = readdirSync('packages').map((name) => join('packages', name))
/** Depends on every package and on what a host would install beside them. */
const shared = 'examples/chat'
/** Pages about a package that the application does not use. */
const homes: Readonly<Record<string, string>> = {
  'host-tools.md': 'packages/task',
  'model-gateway.md': 'packages/task',
}

const pages: readonly Page[] = [
  ...readdirSync('.').map((path) => ({ path, home: shared })),
  { path: join(shared, 'README.md'), home: shared },
  ...readdirSync('docs').map((name) => ({ path: join('docs', name), home: homes[name] ?? shared })),
  ...packages.map((folder) => ({ path: join(folder, 'README.md'), home: folder })),
].filter((page) => page.path.endsWith('.md') && existsSync(page.path))

function extractBlocks(page: Page): string[] {
  const text = readFileSync(page.path, 'utf8')
  const files: string[] = []
  for (const block of text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)) {
    const startLine = text.slice(0, block.index).split('\n').length
    const body = block[1] ?? ''
    const isModule = /^(?:import|export)\b/m.test(body)
    const name = `${page.path.replaceAll(/[^\w]+/g, '-')}-L${startLine + 1}.ts`
    const file = join(page.home, scratch, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${'\n'.repeat(startLine)}${body}${isModule ? '' : 'export {}\n'}`)
    files.push(file)
  }
  return files
}

function typeCheck(files: readonly string[]): string {
  const config = {
    extends: resolve('tsconfig.base.json'),
    compilerOptions: {
      noEmit: true,
      customConditions: ['@turnstead/source'],
      types: ['node', 'mocha'],
      typeRoots: [resolve('node_modules/@types')],
      noUnusedLocals: false,
    },
    files: files.map((file) => resolve(file)),
  }
  const path = join(shared, scratch, 'tsconfig.json')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(config))
  try {
    execFileSync('node_modules/.bin/tsc', ['-p', path, '--pretty', 'false'], { encoding: 'utf8' })
    return ''
  } catch (error) {
    if (error instanceof Error && 'stdout' in error) return String(error.stdout)
    throw error
  }
}

/** `packages/x/.readme-check/packages-x-README-md-L20.ts(25,3)` back to the page. */
function nameThePage(output: string): string {
  const byFile = new Map(pages.map((page) => [page.path.replaceAll(/[^\w]+/g, '-'), page.path]))
  return output.replaceAll(
    /^\S*\.readme-check\/([\w-]+)-L\d+\.ts\((\d+),\d+\)/gm,
    (all, name: string, line: string) => `${byFile.get(name) ?? all}:${line}`,
  )
}

/** The repository's own address, for pages that are also read elsewhere. */
const here = 'https://github.com/turnstead/turnstead/blob/main/'

function deadLinks({ path }: Page): string[] {
  const text = readFileSync(path, 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '')
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  const targets = links.flatMap((link) => {
    const [target = ''] = link.split('#')
    if (target.startsWith(here)) return [target.slice(here.length)]
    return target === '' || target.includes(':') ? [] : [posix.join(dirname(path), target)]
  })
  return targets
    .filter((target) => !existsSync(target))
    .map((target) => `${path}: a link leads to ${target}, which does not exist`)
}

const removeScratch = (): void => {
  for (const page of [{ home: shared }, ...pages]) {
    rmSync(join(page.home, scratch), { recursive: true, force: true })
  }
}

removeScratch()
try {
  const files = pages.flatMap(extractBlocks)
  const output = typeCheck(files)
  const dead = pages.flatMap(deadLinks)
  for (const problem of dead) console.error(problem)
  if (dead.length > 0) process.exitCode = 1
  if (output !== '') {
    const lines = nameThePage(output).split('\n')
    const ofPages = lines.filter((line) => /^\S+\.md:\d+/.test(line))
    // Errors in the sources themselves are the type check's to report, unless they are all there is.
    console.error((ofPages.length > 0 ? ofPages : lines).join('\n'))
    process.exitCode = 1
  } else if (dead.length === 0) {
    console.log(`readmes: ${files.length} blocks of ${pages.length} pages compile, links lead on`)
  }
} finally {
  removeScratch()
}
