import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { bundle } from '../bench/size.js'

const source = new URL('../src/', import.meta.url)
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
)

/** Folders from the doors down to what everything stands on; those of one level do not know each other. */
const levels = [
  ['ui-message-stream', 'server-sent-events', 'turbo'],
  ['fold', 'view'],
  ['tracking'],
  ['state'],
  ['changes', 'tool-display'],
  ['streaming'],
  ['records'],
  ['errors.js'],
] as const

function roomOf(path: string): string {
  return path.split('/')[0] ?? ''
}

function importsOf(name: string): readonly string[] {
  const text = readFileSync(new URL(name, source), 'utf8')
  return [...text.matchAll(/(?:from|import) '([^']+)'/g)].map(([, target = '']) => target)
}

describe('the package', () => {
  it('imports nothing of Node and no other package', () => {
    const foreign = files.flatMap(importsOf).filter((target) => !target.startsWith('.'))
    expect(foreign.filter((target) => !target.startsWith('@turnstead/reply'))).to.deep.equal([])
  })

  it('has rooms of at most twenty files, which import what is below them', () => {
    const level = new Map<string, number>(
      levels.flatMap((rooms, index) => rooms.map((room) => [room, index] as const)),
    )
    for (const room of level.keys())
      expect(files.filter((name) => roomOf(name) === room).length, room).to.be.at.most(20)
    for (const name of files.filter((each) => each.includes('/'))) {
      const own = level.get(roomOf(name)) ?? Infinity
      for (const target of importsOf(name).filter((each) => each.startsWith('../'))) {
        const below = level.get(roomOf(target.slice(3))) ?? -1
        expect(below, `${name} imports ${target}`).to.be.greaterThan(own)
      }
    }
  })

  it('has a root entry of at most 16 KB', async () => {
    expect((await bundle('index')).length).to.be.at.most(16 * 1024)
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
