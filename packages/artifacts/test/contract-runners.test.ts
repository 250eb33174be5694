import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { before, describe, it } from 'mocha'

import { artifactCatalogContract, artifactStoreContract } from '../src/contract.js'
import { createForgetfulStore } from './support/forgetful-store.js'

// Below the package, so that what the built files import is found; never committed.
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}coverage/runners/`
const own = (path: string): string => `${root}node_modules/${path}`
const shared = (path: string): string => `${root}../../node_modules/${path}`

const suite = (imports: string): string => `${imports}
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runContract } from './built/testkit/src/contract.js'
import { artifactCatalogContract, artifactStoreContract } from './built/artifacts/src/contract.js'
import { createDiskStore } from './built/artifacts/src/disk.js'
import { createMemoryCatalog, createMemoryStore } from './built/artifacts/src/memory.js'
import { createForgetfulStore } from './built/artifacts/test/support/forgetful-store.js'

const capabilities = ['if-absent', 'range']
const fresh = (make) => ({ open: async () => ({ subject: make(), close: async () => {} }), capabilities })
runContract({ describe, it }, 'memory store', artifactStoreContract, fresh(createMemoryStore))
runContract({ describe, it }, 'disk store', artifactStoreContract, {
  open: async () => {
    const root = await mkdtemp(join(tmpdir(), 'turnstead-runners-'))
    return { subject: createDiskStore({ root }), close: () => rm(root, { recursive: true }) }
  },
  capabilities,
})
runContract({ describe, it }, 'memory catalog', artifactCatalogContract, {
  open: async () => {
    let now = 1_700_000_000_000
    const catalog = createMemoryCatalog({ clock: { now: () => now } })
    const subject = { catalog, another: () => catalog, advance: (ms) => void (now += ms) }
    return { subject, close: async () => {} }
  },
})
runContract({ describe, it }, 'forgetful store', artifactStoreContract, fresh(createForgetfulStore))
`

/** How a run ended; a run with failures ends with another code than 0, and that is no error here. */
interface Run {
  readonly code: number | string
  readonly output: string
}

function node(...words: readonly string[]): Promise<Run> {
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env
  const options = { cwd: root, env: { ...env, NO_COLOR: '1', FORCE_COLOR: undefined } }
  return new Promise((resolve) => {
    execFile(process.execPath, words, options, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, output: stdout + stderr })
    })
  })
}

/** JavaScript of the sources: Jest reads no TypeScript. Types are checked elsewhere. */
async function build(files: readonly string[]): Promise<void> {
  const compilerOptions = {
    ...{ rootDir: `${root}..`, outDir: `${folder}built`, noCheck: true, noEmit: false },
    ...{ customConditions: ['@turnstead/source'], types: ['node'] },
  }
  const config = `${folder}tsconfig.json`
  const base = `${root}../../tsconfig.base.json`
  await writeFile(config, JSON.stringify({ extends: base, compilerOptions, files }))
  const { code, output } = await node(shared('typescript/bin/tsc'), '-p', config)
  expect(code, output).to.equal(0)
}

const offered = new Set(['if-absent', 'range'])
const storeCases = artifactStoreContract.filter(
  ({ needs }) => needs === undefined || offered.has(needs),
)

describe('the contracts', function () {
  this.timeout(60_000)
  /** What a run is to end with: every promise holds, but for those that the broken store breaks. */
  let failed = 0
  let passed = 0

  before(async () => {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await build([
      ...['contract', 'memory', 'disk'].map((name) => `${root}src/${name}.ts`),
      `${root}test/support/forgetful-store.ts`,
      `${root}../testkit/src/contract.ts`,
    ])
    await writeFile(`${folder}package.json`, '{ "type": "module" }\n')
    for (const promise of storeCases) {
      await promise.run(createForgetfulStore()).catch(() => (failed += 1))
    }
    passed = 3 * storeCases.length + artifactCatalogContract.length - failed
    expect(failed).to.be.greaterThan(2)
  })

  const suiteFor = async (runner: string, imports: string): Promise<string> => {
    const file = `${folder}${runner}.spec.mjs`
    await writeFile(file, suite(imports))
    return file
  }

  it('run in mocha', async () => {
    const file = await suiteFor('mocha', `import { describe, it } from 'mocha'`)
    const { code, output } = await node(shared('mocha/bin/mocha.js'), '--no-config', file)
    expect(output).to.include(`${passed} passing`).and.to.include(`${failed} failing`)
    expect(code).to.equal(failed)
  })

  it('run in node:test', async () => {
    const file = await suiteFor('node', `import { describe, it } from 'node:test'`)
    const { code, output } = await node('--test', '--test-reporter=tap', file)
    expect(output).to.include(`# pass ${passed}\n`).and.to.include(`# fail ${failed}\n`)
    expect(code).to.equal(1)
  })

  it('run in vitest', async () => {
    const file = await suiteFor('vitest', `import { describe, it } from 'vitest'`)
    const config = `${folder}vitest.config.mjs`
    const include = `include: ['coverage/runners/${basename(file)}'], exclude: []`
    await writeFile(config, `export default { test: { ${include}, pool: 'threads' } }\n`)
    const { code, output } = await node(
      own('vitest/vitest.mjs'),
      'run',
      '--config',
      config,
      '--root',
      root,
    )
    expect(output).to.match(new RegExp(`Tests +${failed} failed \\| ${passed} passed`))
    expect(code).to.equal(1)
  })

  it('run in jest', async () => {
    const file = await suiteFor('jest', `import { describe, it } from '@jest/globals'`)
    const config = JSON.stringify({
      rootDir: folder,
      testMatch: [`**/${basename(file)}`],
      moduleFileExtensions: ['mjs', 'js', 'json'],
      transform: {},
      modulePathIgnorePatterns: [],
    })
    // The flag that Jest's own documentation asks for.
    const flag = '--experimental-vm-modules'
    const { code, output } = await node(
      flag,
      own('jest/bin/jest.js'),
      '--config',
      config,
      '--runInBand',
    )
    expect(output).to.include(`Tests:       ${failed} failed,`).and.to.include(`${passed} passed`)
    expect(code).to.equal(1)
  })
})
