import { expect } from 'chai'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { removeWithin } from '../src/directory/remove-within.js'
import { makeTempDir } from './support/temp-dir.js'

describe('removeWithin', () => {
  let base: string
  let root: string
  let remove: () => Promise<void>

  beforeEach(async () => {
    const dir = await makeTempDir()
    base = await realpath(dir.path)
    remove = dir.remove
    root = join(base, 'root')
    await mkdir(root)
    await mkdir(join(base, 'outside'))
    await writeFile(join(base, 'outside/kept.txt'), '')
  })
  afterEach(() => remove())

  it('removes what it is told to, whatever it is, and nothing behind links', async () => {
    await mkdir(join(root, 'a/b'), { recursive: true })
    await writeFile(join(root, 'a/b/file'), '')
    await mkdir(join(root, 'closed'))
    await writeFile(join(root, 'closed/file'), '')
    await symlink(join(base, 'outside'), join(root, 'a/link'))
    await symlink(join(base, 'outside/kept.txt'), join(root, 'link'))
    await writeFile(join(root, 'keep'), '')
    await mkdir(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe])]))
    await writeFile(
      Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe]), Buffer.from('/x')]),
      '',
    )
    execFileSync('mkfifo', [join(root, 'pipe')])
    execFileSync('chmod', ['500', join(root, 'closed')])
    await removeWithin(root, (name) => name !== 'keep')
    expect(await readdir(root)).to.deep.equal(['keep'])
    expect(await readdir(join(base, 'outside'))).to.deep.equal(['kept.txt'])
  })

  it('goes as deep as folders do, with few of them open', async () => {
    // Deeper than a path may be long.
    const make = `
      const fs = require('node:fs')
      for (let count = 0; count < 100; count += 1) {
        fs.mkdirSync('n'.repeat(200))
        process.chdir('n'.repeat(200))
      }
      fs.writeFileSync('x', 'x')`
    execFileSync(process.execPath, ['-e', make], { cwd: root })
    await removeWithin(root, () => true)
    expect(await readdir(root)).to.deep.equal([])
  })

  it('removes nothing outside while folders become links under it', async () => {
    const inner = join(root, 'in')
    const attack = `
      const fs = require('node:fs')
      const [inner, outside] = process.argv.slice(1)
      process.stdout.write('on')
      for (;;) {
        try { fs.mkdirSync(inner + '/deep', { recursive: true }) } catch {}
        try { fs.writeFileSync(inner + '/deep/kept.txt', '') } catch {}
        try { fs.renameSync(inner, inner + '2') } catch {}
        try { fs.symlinkSync(outside, inner) } catch {}
        try { fs.unlinkSync(inner) } catch {}
      }`
    const attacker = spawn(process.execPath, ['-e', attack, inner, join(base, 'outside')])
    try {
      await once(attacker.stdout, 'data')
      for (const end = Date.now() + 500; Date.now() < end;) {
        await removeWithin(root, () => true).catch(() => {})
      }
    } finally {
      attacker.kill('SIGKILL')
      await once(attacker, 'exit')
    }
    expect((await lstat(join(base, 'outside/kept.txt'))).isFile()).to.equal(true)
  })
})
