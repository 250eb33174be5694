import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { before, describe, it } from 'mocha'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}coverage/recipes/`
const source = ['--conditions=@turnstead/source', '--import=tsx']
const bin = (name: string): string =>
  fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url))
const rootBin = (name: string): string =>
  fileURLToPath(new URL(`../../../node_modules/${name}`, import.meta.url))
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

describe('the recipes of the README', function () {
  this.timeout(40_000)
  const recipes = new Map<string, string>()
  before(async () => {
    const readme = await readFile(`${root}README.md`, 'utf8')
    for (const [, code = ''] of readme.matchAll(/```ts\n([^]*?)```/gu)) {
      const runner = /from '(?:node:test|mocha|vitest)'/u
        .exec(code)?.[0]
        .match(/node|mocha|vitest/u)?.[0]
      if (runner !== undefined) recipes.set(runner, code)
    }
    await mkdir(folder, { recursive: true })
    for (const [runner, code] of recipes) await writeFile(`${folder}${runner}.test.ts`, code)
  })

  it('are one for each runner', () => {
    expect([...recipes.keys()].toSorted()).to.deep.equal(['mocha', 'node', 'vitest'])
  })

  it('pass in mocha', async () => {
    const { stdout } = await node(
      ...source,
      rootBin('mocha/bin/mocha.js'),
      '--no-config',
      `${folder}mocha.test.ts`,
    )
    expect(stdout).to.include('1 passing')
  })

  it('pass in node:test', async () => {
    const { stdout } = await node(
      ...source,
      '--test',
      '--test-reporter=tap',
      `${folder}node.test.ts`,
    )
    expect(stdout).to.include('# pass 1').and.to.include('# fail 0')
  })

  it('pass in vitest', async () => {
    await writeFile(`${folder}vitest.config.mjs`, vitestConfig('coverage/recipes/vitest.test.ts'))
    const { stdout } = await node(
      bin('vitest/vitest.mjs'),
      'run',
      '--config',
      `${folder}vitest.config.mjs`,
      '--root',
      root,
    )
    expect(stdout).to.include('1 passed')
  })
})

function vitestConfig(include: string): string {
  const conditions = `['@turnstead/source', 'node', 'import', 'default']`
  return `export default {
  test: { include: ['${include}'], exclude: [], pool: 'threads' },
  resolve: { conditions: ${conditions} },
  ssr: { noExternal: true, resolve: { conditions: ${conditions} } },
}
`
}
