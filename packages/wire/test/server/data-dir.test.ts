import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { openDataDir } from '../../src/server/data-dir.js'

const isRoot = process.getuid?.() === 0
if (isRoot) console.warn('data-dir.test.ts is skipped: nothing is read-only for root')
const asUser = isRoot || process.platform === 'win32' ? it.skip : it

describe('openDataDir', () => {
  const before = process.env['TMPDIR']
  let root: string
  /** As Go leaves the modules that it loads. */
  const addReadOnlyFolder = (folder: string): void => {
    const modules = join(folder, 'home', 'modules')
    mkdirSync(modules, { recursive: true })
    writeFileSync(join(modules, 'file'), '')
    chmodSync(modules, 0o500)
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'wire-data-'))
    process.env['TMPDIR'] = root
  })
  afterEach(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    rmSync(root, { recursive: true, force: true })
  })

  asUser('removes its temporary folder with what an agent made read-only in it', async () => {
    const dataDir = await openDataDir(undefined, 'mark')
    addReadOnlyFolder(dataDir.path)
    dataDir.release()
    expect(existsSync(dataDir.path)).to.equal(false)
  })

  asUser('opens, and removes what an agent of a dead host made read-only', async () => {
    const dead = join(root, 'turnstead-server-dead')
    addReadOnlyFolder(dead)
    writeFileSync(join(dead, 'turnstead-server.json'), '{}')
    const dataDir = await openDataDir(undefined, 'mark')
    expect(existsSync(dead)).to.equal(false)
    dataDir.release()
  })
})
