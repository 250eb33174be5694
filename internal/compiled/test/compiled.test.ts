import { expect } from 'chai'
import { describe, it } from 'mocha'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { compiled } from '../src/index.js'

const sample = new URL('support/sample.ts', import.meta.url)

describe('compiled', () => {
  it('does in plain Node what the sources do, and knows where they are', async () => {
    const path = await compiled(sample)
    const { stdout } = await promisify(execFile)(process.execPath, [path])
    expect(JSON.parse(stdout)).to.deep.equal({ address: sample.href, made: 'function' })
  })

  it('holds our packages, and none of others', async () => {
    const code = await readFile(await compiled(sample), 'utf8')
    expect(code).to.contain('src/compiled.ts')
    expect(code).to.not.match(/from "@turnstead/)
    expect(code).to.match(/from "file:\/\/\/[^"]*\/esbuild\//)
  })

  it('is made once', async () => {
    expect(compiled(sample)).to.equal(compiled(sample))
  })
})
