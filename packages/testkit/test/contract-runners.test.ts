import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { before, describe, it } from 'mocha'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}coverage/runners/`
const own = (name: string): string =>
  fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url))
const shared = (name: string): string =>
  fileURLToPath(new URL(`../../../node_modules/${name}`, import.meta.url))

const suite = (runner: string): string => `${runner}
import { runContract } from './built/contract.js'

let opened = 0
let closed = 0
const open = async () => {
  opened += 1
  return { subject: { value: opened }, close: async () => void (closed += 1) }
}
const cases = [
  { name: 'gives a fresh subject', run: async (subject) => { if (subject.value !== opened) throw new Error('stale') } },
  { name: 'closes the one before', run: async () => { if (closed !== opened - 1) throw new Error('open') } },
  { name: 'needs wings', needs: 'wings', run: async () => { throw new Error('never run') } },
  { name: 'cannot hold here', run: async () => { throw new Error('never run') } },
]
runContract({ describe, it }, 'subject', cases, { open, skip: { 'cannot hold here': 'no ground' } })
`

const node = (...words: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, [...words], {
    cwd: root,
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      NODE_TEST_CONTEXT: undefined,
    },
  })

describe('runContract', function () {
  this.timeout(40_000)
  before(async () => {
    await mkdir(folder, { recursive: true })
    await node(
      shared('typescript/bin/tsc'),
      '-p',
      'tsconfig.build.json',
      '--outDir',
      `${folder}built`,
      '--composite',
      'false',
      '--declaration',
      'false',
      '--declarationMap',
      'false',
      '--isolatedDeclarations',
      'false',
    )
    await writeFile(`${folder}package.json`, '{ "type": "module" }\n')
    await writeFile(`${folder}mocha.spec.mjs`, suite(`import { describe, it } from 'mocha'`))
    await writeFile(`${folder}node.spec.mjs`, suite(`import { describe, it } from 'node:test'`))
    await writeFile(`${folder}vitest.spec.mjs`, suite(`import { describe, it } from 'vitest'`))
    await writeFile(`${folder}jest.spec.mjs`, suite(`import { describe, it } from '@jest/globals'`))
  })

  it('runs in mocha', async () => {
    const { stdout } = await node(
      shared('mocha/bin/mocha.js'),
      '--no-config',
      `${folder}mocha.spec.mjs`,
    )
    expect(stdout)
      .to.include('2 passing')
      .and.to.include('2 pending')
      .and.to.include('needs wings (skipped: needs wings)')
  })

  it('runs in node:test', async () => {
    const { stdout } = await node('--test', '--test-reporter=tap', `${folder}node.spec.mjs`)
    expect(stdout).to.include('# pass 2').and.to.include('# skipped 2').and.to.include('# fail 0')
  })

  it('runs in vitest', async () => {
    await writeFile(
      `${folder}vitest.config.mjs`,
      `export default { test: { include: ['coverage/runners/vitest.spec.mjs'], exclude: [], pool: 'threads' } }\n`,
    )
    const { stdout } = await node(
      own('vitest/vitest.mjs'),
      'run',
      '--config',
      `${folder}vitest.config.mjs`,
      '--root',
      root,
    )
    expect(stdout).to.match(/2 passed \| 2 skipped/u)
  })

  it('runs in jest', async () => {
    const config = JSON.stringify({
      rootDir: folder,
      testMatch: ['**/jest.spec.mjs'],
      moduleFileExtensions: ['mjs', 'js', 'json'],
      transform: {},
      modulePathIgnorePatterns: [],
    })
    const { stderr } = await node(
      '--experimental-vm-modules',
      own('jest/bin/jest.js'),
      '--config',
      config,
      '--runInBand',
    )
    expect(stderr).to.include('2 skipped, 2 passed')
  })
})
