import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { on, reply, startScriptedModel, text, tool } from '@turnstead/testkit'
import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createWorkspace } from '../src/workspace.js'
import { lastOf } from './support/rig.js'

const binary = findOpencodeBinary()

describe('a workspace with a server of its own', function () {
  this.timeout(120_000)

  it('starts it with the credentials, runs in its folder, and ends it', async function () {
    if (binary === null) {
      console.warn('SKIPPED, the real server is not tested: no opencode binary for this platform.')
      this.skip()
    }
    const folder = mkdtempSync(join(tmpdir(), 'turnstead-workspace-'))
    const content = '# Notes\n'
    const model = await startScriptedModel([
      on('Write', reply(tool.write({ filePath: 'notes.md', content }), text('Written.'))),
      on('environment', reply(tool.bash({ command: 'env' }), text('Seen.'))),
    ])
    const states: string[] = []
    const secret = 'sk-of-the-provider'
    const workspace = createWorkspace({
      folder,
      credentials: {
        provider: 'openai-compatible',
        baseUrl: model.url,
        model: 'scripted',
        apiKey: secret,
      },
      userConfig: { permission: { bash: 'allow' } },
      serverOptions: { binary, onState: ({ state }) => void states.push(state) },
      env: { PATH: process.env['PATH'], DATABASE_URL: 'postgres://of-the-host' },
    })
    const written = await lastOf(workspace.run('Write the notes', { outputFile: 'notes.md' }))
    expect(written).to.include({ status: 'complete', summary: 'Written.' })
    expect(written.outputFile).to.include({ isVerified: true })
    expect(written.model).to.equal('openai-compatible/scripted')
    expect(readFileSync(join(workspace.directory, 'notes.md'), 'utf8')).to.equal(content)

    // What the README says of the agent's shell.
    const seen = JSON.stringify(await lastOf(workspace.run('Show the environment')))
    expect(seen).to.contain('TURNSTEAD_CONFIG_SECRET_1').and.contain(secret)
    expect(seen).to.contain('OPENCODE_SERVER_PASSWORD=')
    expect(seen).not.to.contain('of-the-host')

    await workspace.close()
    expect(states.at(-1)).to.equal('closed')
    await model.close()
    rmSync(folder, { recursive: true, force: true })
  })
})
