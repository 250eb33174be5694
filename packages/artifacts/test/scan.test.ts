import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { systemClock } from '../src/clock.js'
import { nodeFileSystem } from '../src/directory/file-system.js'
import { checkScan } from '../src/directory/scan-options.js'
import { scanDirectory, type ScanRequest, type ScanResult } from '../src/directory/scan.js'
import { swappingFileSystem, type Swap } from './support/swapping-file-system.js'
import { makeTempDir } from './support/temp-dir.js'
import { rejectionOf } from './support/thrown.js'

describe('scanDirectory', () => {
  let root: string
  let outside: string
  let remove: () => Promise<void>

  beforeEach(async () => {
    const temp = await makeTempDir()
    remove = temp.remove
    root = join(temp.path, 'agent')
    outside = join(temp.path, 'agent-2')
    await mkdir(join(root, 'sub/deep'), { recursive: true })
    await mkdir(join(outside, 'deep'), { recursive: true })
    for (const path of ['a.txt', 'sub/b.txt', 'sub/deep/c.txt']) {
      await writeFile(join(root, path), 'inside')
    }
    await writeFile(join(outside, 'secret.txt'), 'secret')
    await writeFile(join(outside, 'deep/secret.txt'), 'secret')
  })

  afterEach(async () => remove())

  function scan(request: Partial<ScanRequest> = {}): Promise<ScanResult> {
    const limits = checkScan(true)
    if (limits === null) throw new Error('`true` is a scan.')
    const { signal } = new AbortController()
    const options = { fileSystem: nodeFileSystem, root, since: 0, until: null, limits, signal }
    return scanDirectory({ ...options, clock: systemClock, ...request })
  }

  const replaceByLink = (path: string) => async (): Promise<void> => {
    await rename(join(root, path), `${outside}-was-inside`)
    await symlink(path === '' ? outside : join(outside), join(root, path))
  }

  it('lists the files of a folder before those of its folders', async () => {
    expect(await scan()).to.deep.equal({
      paths: ['a.txt', 'sub/b.txt', 'sub/deep/c.txt'],
      unscanned: [],
    })
  })

  const swaps: readonly [string, Swap['before'], string, number][] = [
    ['is looked at', 'lstat', '/sub', 2],
    ['is opened', 'open', '/sub', 1],
  ]
  for (const [when, before, path, nth] of swaps) {
    for (const canAnchor of [true, false]) {
      const how = canAnchor ? 'with' : 'without'
      it(`names nothing outside when a folder becomes a link before it ${when}, ${how} an anchor`, async () => {
        const swap = { before, path, nth, run: replaceByLink('sub') }
        const fileSystem = swappingFileSystem([swap], { canAnchor })
        const { paths, unscanned } = await scan({ fileSystem })
        expect(paths).to.deep.equal(['a.txt'])
        expect(unscanned).to.have.length(1)
        expect(unscanned[0]?.path).to.equal('sub')
        expect(unscanned[0]?.reason).to.be.oneOf(['symlink', 'replaced'])
      })
    }
  }

  it('stays in the folder that it opened, whatever is put into its place', async () => {
    const run = replaceByLink('sub')
    const swap: Swap = { before: 'names', path: '/.', nth: 2, run }
    const fileSystem = swappingFileSystem([swap], { canAnchor: true })
    expect((await scan({ fileSystem })).paths).to.deep.equal([
      'a.txt',
      'sub/b.txt',
      'sub/deep/c.txt',
    ])
  })

  it('takes what goes away meanwhile for gone', async () => {
    const gone: Swap[] = [
      { before: 'lstat', path: '/a.txt', run: async () => rm(join(root, 'a.txt')) },
      {
        before: 'open',
        path: '/deep',
        run: async () => rm(join(root, 'sub/deep'), { recursive: true }),
      },
    ]
    const fileSystem = swappingFileSystem(gone, { canAnchor: true })
    expect(await scan({ fileSystem })).to.deep.equal({ paths: ['sub/b.txt'], unscanned: [] })
  })

  it('says of a name that is no text that it has none', async function () {
    if (process.platform !== 'linux') {
      console.warn('Skipped: only Linux has names that are no text.')
      this.skip()
    }
    await writeFile(Buffer.concat([Buffer.from(`${root}/x`), Buffer.from([0xff])]), '')
    const { unscanned } = await scan()
    expect(unscanned).to.deep.equal([{ path: 'x\ufffd', reason: 'invalid_path' }])
  })

  it('does not enter another file system', async () => {
    const fileSystem = {
      ...nodeFileSystem,
      lstat: async (path: string) => {
        const info = await nodeFileSystem.lstat(path)
        return path.endsWith('/sub') ? Object.assign(info, { dev: info.dev + 1 }) : info
      },
    }
    expect(await scan({ fileSystem })).to.deep.equal({
      paths: ['a.txt'],
      unscanned: [{ path: 'sub', reason: 'mounted' }],
    })
  })

  it('ends when its time is over, and says where', async () => {
    const clock = createManualClock(0)
    const fileSystem = {
      ...nodeFileSystem,
      names: (path: string) => {
        void clock.advance(6_000)
        return nodeFileSystem.names(path)
      },
    }
    expect(await scan({ fileSystem, clock })).to.deep.equal({
      paths: ['a.txt'],
      unscanned: [{ path: 'sub', reason: 'not_scanned' }],
    })
  })

  it('ends with the reason of an abort', async () => {
    const stop = new AbortController()
    const reason = new Error('stopped')
    const swap: Swap = { before: 'open', path: '/sub', run: async () => stop.abort(reason) }
    const fileSystem = swappingFileSystem([swap], { canAnchor: true })
    expect(await rejectionOf(scan({ fileSystem, signal: stop.signal }))).to.equal(reason)
  })
})
