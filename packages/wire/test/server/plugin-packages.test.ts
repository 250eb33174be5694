import { expect } from 'chai'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { choosePluginPackages } from '../../src/server/plugin-packages.js'

describe('choosePluginPackages', () => {
  let home: string
  let lock: string

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'wire-plugin-packages-'))
    mkdirSync(join(home, 'opencode'))
    lock = join(home, 'opencode', 'package-lock.json')
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))

  it('takes its stand-in away, however it is written by now', async () => {
    await choosePluginPackages(home, false)
    const standIn = JSON.parse(readFileSync(lock, 'utf8')) as Record<string, unknown>
    for (const text of [
      JSON.stringify(standIn),
      `${JSON.stringify(standIn, null, 2)}\n`,
      JSON.stringify({ name: 'opencode', requires: true, ...standIn }),
      JSON.stringify({ packages: { '': { dependencies: { '@opencode-ai/plugin': '1.18.33' } } } }),
    ]) {
      writeFileSync(lock, text)
      await choosePluginPackages(home, true)
      expect(existsSync(lock), text).to.equal(false)
    }
  })

  it('leaves a lock file that is not its own', async () => {
    const dependencies = { '@opencode-ai/plugin': '*' }
    for (const text of [
      JSON.stringify({
        packages: { '': { dependencies }, 'node_modules/@opencode-ai/plugin': {} },
      }),
      JSON.stringify({ packages: { '': { dependencies: { ...dependencies, zod: '*' } } } }),
      JSON.stringify({ packages: { '': { dependencies: { zod: '*' } } } }),
      JSON.stringify({ packages: { '': {} } }),
      JSON.stringify({ packages: null }),
      'null',
      '{ "packages": ',
      '',
    ]) {
      writeFileSync(lock, text)
      for (const isInstalled of [true, false]) await choosePluginPackages(home, isInstalled)
      expect(readFileSync(lock, 'utf8')).to.equal(text)
    }
  })
})
