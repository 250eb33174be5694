import { expect } from 'chai'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { WireError } from '../../src/errors.js'
import { findOpencode } from '../../src/server.js'
import { assertSupportedPlatform } from '../../src/server/find-opencode.js'

describe('findOpencode', () => {
  let folder: string

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'wire-find-')))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function put(path: string, mode = 0o755): string {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '#!/bin/sh\n', { mode })
    return file
  }

  function putPackage(name: string, inside = ''): string {
    put(join(inside, 'node_modules', name, 'package.json'), 0o644)
    writeFileSync(join(folder, inside, 'node_modules', name, 'package.json'), '{}')
    return put(join(inside, 'node_modules', name, 'bin', 'opencode'))
  }

  it('prefers the given executable, then OPENCODE_BINARY, then PATH, then the npm package', () => {
    const binary = put('given/opencode')
    const onPath = put('path/opencode')
    const inPackage = putPackage(`opencode-${process.platform}-${process.arch}`)
    const env = { PATH: `${join(folder, 'nowhere')}:${dirname(onPath)}` }

    expect(findOpencode({ binary, env, resolveFrom: folder })).to.deep.equal({
      path: binary,
      source: 'option',
    })
    const named = { ...env, OPENCODE_BINARY: put('named/opencode') }
    expect(findOpencode({ binary, env: named }).path).to.equal(binary)
    expect(findOpencode({ env: named, resolveFrom: folder })).to.deep.equal({
      path: named.OPENCODE_BINARY,
      source: 'environment',
    })
    expect(findOpencode({ env: { ...env, OPENCODE_BINARY: '' } }).path).to.equal(onPath)
    expect(findOpencode({ env, resolveFrom: folder })).to.deep.equal({
      path: onPath,
      source: 'path',
    })
    expect(findOpencode({ env: {}, resolveFrom: folder })).to.deep.equal({
      path: inPackage,
      source: 'package',
    })
  })

  it('takes a named package instead of OPENCODE_BINARY and PATH', () => {
    const path = put('path/opencode')
    const env = { PATH: dirname(path), OPENCODE_BINARY: path }
    const named = putPackage('opencode-special')

    expect(findOpencode({ package: 'opencode-special', env, resolveFrom: folder }).path).to.equal(
      named,
    )
  })

  it('finds the platform package of opencode-ai, where a strict installer hides it', () => {
    putPackage('opencode-ai')
    const hidden = putPackage('opencode-special', 'node_modules/opencode-ai')

    expect(findOpencode({ package: 'opencode-special', resolveFrom: folder }).path).to.equal(hidden)
  })

  it('says what it tried and what to do', () => {
    const find = (): unknown => findOpencode({ env: { PATH: '' }, resolveFrom: folder })
    expect(find).to.throw(WireError, /not on PATH.*cannot be resolved from.*Give `binary`/)
  })

  it('does not take a file that cannot be executed', () => {
    const binary = put('plain/opencode', 0o644)
    expect(() => findOpencode({ binary })).to.throw(WireError, 'not executable')
    expect(() => findOpencode({ env: { OPENCODE_BINARY: binary } })).to.throw(
      WireError,
      'OPENCODE_BINARY',
    )
    const env = { PATH: dirname(binary) }
    expect(() => findOpencode({ env, resolveFrom: folder })).to.throw(WireError, 'No opencode')
  })

  it('is unsupported on Windows', () => {
    expect(() => assertSupportedPlatform('win32'))
      .to.throw(WireError, 'not supported on Windows')
      .with.property('code', 'server_unsupported')
  })
})
