import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { openDataDir } from '../../src/server/data-dir.js'

/** Nothing is read-only for root, who therefore runs these tests as another user. */
const isRoot = process.getuid?.() === 0
const nobody = 65_534

describe('openDataDir', () => {
  let dead: string
  /** As Go leaves the modules that it loads. */
  const addReadOnlyFolder = (folder: string): void => {
    const modules = join(folder, 'home', 'modules')
    mkdirSync(modules, { recursive: true })
    writeFileSync(join(modules, 'file'), '')
    chmodSync(modules, 0o500)
    expect(() => rmSync(join(modules, 'file'))).to.throw('EACCES')
  }

  beforeEach(() => {
    if (isRoot) process.seteuid?.(nobody)
    dead = mkdtempSync(join(tmpdir(), 'turnstead-server-'))
  })
  afterEach(() => {
    if (isRoot) process.seteuid?.(0)
    rmSync(dead, { recursive: true, force: true })
  })

  it('removes its temporary folder with what an agent made read-only in it', async () => {
    const dataDir = await openDataDir(undefined, 'mark')
    addReadOnlyFolder(dataDir.path)
    dataDir.release()
    expect(existsSync(dataDir.path)).to.equal(false)
  })

  it('opens, and removes what an agent of a dead host made read-only', async () => {
    addReadOnlyFolder(dead)
    writeFileSync(join(dead, 'turnstead-server.json'), '{}')
    const dataDir = await openDataDir(undefined, 'mark')
    expect(existsSync(dead)).to.equal(false)
    dataDir.release()
  })
})
