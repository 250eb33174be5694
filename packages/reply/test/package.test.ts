import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { bundle } from '../bench/size.js'

const source = new URL('../src/', import.meta.url)
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
)

function importsOf(name: string): readonly string[] {
  const text = readFileSync(new URL(name, source), 'utf8')
  return [...text.matchAll(/(?:from|import) '([^']+)'/g)].map(([, target = '']) => target)
}

describe('the package', () => {
  it('imports nothing of Node and no other package', () => {
    const foreign = files.flatMap(importsOf).filter((target) => !target.startsWith('.'))
    expect(foreign.filter((target) => !target.startsWith('@turnstead/reply'))).to.deep.equal([])
  })

  it('has a root entry of at most 17 KB', async () => {
    expect((await bundle('index')).length).to.be.at.most(17 * 1024)
  })

  it('has no run-time dependency', () => {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    expect(JSON.parse(text)).to.not.have.any.keys(
      'dependencies',
      'peerDependencies',
      'optionalDependencies',
    )
  })
})
